package media

import (
	"bytes"
)

// format is what a file's first bytes say it is.
type format int

const (
	unknown format = iota
	jpegFile
	pngFile
	gifFile
	webpFile
	// Known, so that people can be told what to do instead.
	heic
	avif
	svg
	video
)

// sniffBytes is how much of a file sniff looks at.
const sniffBytes = 512

// sniff tells a file's format from its head, whatever its name or type said.
func sniff(head []byte) format {
	head = head[:min(len(head), sniffBytes)]
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return jpegFile
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return pngFile
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return gifFile
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return webpFile
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return sniffBox(string(head[8:12]))
	case bytes.HasPrefix(head, []byte("\x1a\x45\xdf\xa3")): // Matroska, WebM
		return video
	case bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"), []byte("<")) && bytes.Contains(bytes.ToLower(head), []byte("<svg")):
		return svg
	}
	return unknown
}

// sniffBox tells ISO base media files apart by their major brand.
func sniffBox(brand string) format {
	switch brand {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		return heic
	case "avif", "avis":
		return avif
	}
	return video
}
