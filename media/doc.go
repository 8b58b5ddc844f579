// Package media makes pictures that strangers send safe to show, and keeps
// them: Preparer turns an upload into two JPEGs, Store keeps those on disk.
//
// Nothing of an upload but its pixels is ever stored. They are decoded and
// encoded anew, so that places (EXIF, XMP), makers' notes, hidden videos and
// archives behind the picture are gone (domain rule V-1). What an upload
// claims to be is not read; its first bytes decide. Its size is known before
// memory is taken for it.
//
// The package starts no goroutine: work is done by whoever asks, and bounded
// by a budget of memory that askers wait for.
package media
