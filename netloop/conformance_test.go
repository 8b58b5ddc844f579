package netloop

import (
	"encoding/binary"
	"net"
	"strings"
	"testing"
)

// testLimit is MaxMessageBytes in the conformance cases.
const testLimit = 2048

// conformance is what a client sends and what an echo server has to answer, up
// to the end of its stream.
var conformance = []struct {
	name    string
	deflate bool
	in      string
	want    string
}{
	{name: "echo", in: text("hi") + bye, want: "text hi\n" + goodbye},
	{name: "empty message", in: text("") + bye, want: "text \n" + goodbye},
	{name: "126 bytes", in: text(long(126)) + bye, want: "text " + long(126) + "\n" + goodbye},
	{name: "exactly the limit", in: text(long(testLimit)) + bye, want: "text " + long(testLimit) + "\n" + goodbye},
	{name: "two in one read", in: text("a") + text("b") + bye, want: "text a\ntext b\n" + goodbye},
	{name: "UTF-8", in: text("κόσμε 🎉") + bye, want: "text κόσμε 🎉\n" + goodbye},

	{name: "ping", in: frame(bitFin|opPing, "x") + bye, want: "pong x\n" + goodbye},
	{name: "empty ping", in: frame(bitFin|opPing, "") + bye, want: "pong \n" + goodbye},
	{name: "ping of 125", in: frame(bitFin|opPing, long(125)) + bye, want: "pong " + long(125) + "\n" + goodbye},
	{name: "ping of 126", in: frame(bitFin|opPing, long(126)), want: "close 1002\neof"},
	{name: "fragmented ping", in: frame(opPing, "x"), want: "close 1002\neof"},
	{name: "unsolicited pong", in: frame(bitFin|opPong, "x") + text("a") + bye, want: "text a\n" + goodbye},

	{name: "fragments", in: frame(opText, "a") + frame(0, "b") + frame(bitFin, "c") + bye, want: "text abc\n" + goodbye},
	{name: "empty fragments", in: frame(opText, "") + frame(0, "") + frame(bitFin, "") + bye, want: "text \n" + goodbye},
	{
		name: "fragments with a ping between",
		in:   frame(opText, "a") + frame(bitFin|opPing, "x") + frame(bitFin, "b") + bye,
		want: "pong x\ntext ab\n" + goodbye,
	},
	{
		name: "close between fragments",
		in:   frame(opText, "a") + bye,
		want: goodbye,
	},
	{name: "UTF-8 cut by a fragment", in: frame(opText, "\xc3") + frame(bitFin, "\xa9") + bye, want: "text é\n" + goodbye},
	{name: "continuation without a start", in: frame(bitFin, "a"), want: "close 1002\neof"},
	{name: "continuation after a message", in: text("a") + frame(bitFin, "a"), want: "text a\nclose 1002\neof"},
	{name: "text inside fragments", in: frame(opText, "a") + text("b"), want: "close 1002\neof"},

	{name: "unmasked", in: string(AppendText(nil, []byte("a"))), want: "close 1002\neof"},
	{name: "RSV1 without the extension", in: frame(bitFin|bitRSV1|opText, "a"), want: "close 1002\neof"},
	{name: "RSV2", deflate: true, in: frame(bitFin|0x20|opText, "a"), want: "close 1002\neof"},
	{name: "RSV3", deflate: true, in: frame(bitFin|0x10|opText, "a"), want: "close 1002\neof"},
	{name: "opcode 3", in: frame(bitFin|3, "a"), want: "close 1002\neof"},
	{name: "opcode 7", in: frame(bitFin|7, "a"), want: "close 1002\neof"},
	{name: "opcode 11", in: frame(bitFin|11, ""), want: "close 1002\neof"},
	{name: "opcode 15", in: frame(bitFin|15, ""), want: "close 1002\neof"},
	{name: "binary", in: frame(bitFin|opBinary, "a"), want: "close 1003\neof"},
	{name: "fragmented binary", in: frame(opBinary, "a"), want: "close 1003\neof"},

	{name: "invalid UTF-8", in: text("a\xff"), want: "close 1007\neof"},
	{name: "surrogate", in: text("\xed\xa0\x80"), want: "close 1007\neof"},
	{name: "truncated UTF-8", in: text("\xc3"), want: "close 1007\neof"},
	{name: "invalid UTF-8 across fragments", in: frame(opText, "\xc3") + frame(bitFin, "a"), want: "close 1007\neof"},

	{name: "close 1000", in: closeFrame(1000, ""), want: "close 1000\neof"},
	{name: "close with a reason", in: closeFrame(1001, "going"), want: "close 1001\neof"},
	{name: "close empty", in: frame(bitFin|opClose, ""), want: "close\neof"},
	{name: "close of one byte", in: frame(bitFin|opClose, "x"), want: "close 1002\neof"},
	{name: "close 999", in: closeFrame(999, ""), want: "close 1002\neof"},
	{name: "close 1004", in: closeFrame(1004, ""), want: "close 1002\neof"},
	{name: "close 1005", in: closeFrame(1005, ""), want: "close 1002\neof"},
	{name: "close 1006", in: closeFrame(1006, ""), want: "close 1002\neof"},
	{name: "close 1012", in: closeFrame(1012, ""), want: "close 1012\neof"},
	{name: "close 1015", in: closeFrame(1015, ""), want: "close 1002\neof"},
	{name: "close 2999", in: closeFrame(2999, ""), want: "close 1002\neof"},
	{name: "close 3000", in: closeFrame(3000, ""), want: "close 3000\neof"},
	{name: "close 4999", in: closeFrame(4999, ""), want: "close 4999\neof"},
	{name: "close 5000", in: closeFrame(5000, ""), want: "close 1002\neof"},
	{name: "close with a bad reason", in: closeFrame(1000, "\xff"), want: "close 1007\neof"},
	{name: "data after close", in: closeFrame(1000, "") + text("a"), want: "close 1000\neof"},

	{name: "length 125 in 16 bits", in: head16(125), want: "close 1002\neof"},
	{name: "length 65535 in 64 bits", in: head64(65535), want: "close 1002\neof"},
	{name: "top bit of the length", in: head64(1<<63 | 70000), want: "close 1002\neof"},
	{name: "1 GiB declared", in: head64(1 << 30), want: "close 1009\neof"},
	{name: "one over the limit", in: head16(testLimit + 1), want: "close 1009\neof"},
	{name: "over the limit in sum", in: frame(opText, long(2000)) + frame(bitFin, long(49)), want: "close 1009\neof"},
	{name: "the limit in sum", in: frame(opText, long(2000)) + frame(bitFin, long(48)) + bye, want: "text " + long(2048) + "\n" + goodbye},

	{name: "deflate", deflate: true, in: packed("hello hello hello") + bye, want: "packed hello hello hello\n" + goodbye},
	{name: "deflate twice", deflate: true, in: packed("hello") + packed("hello") + bye, want: "packed hello\npacked hello\n" + goodbye},
	{name: "deflate empty", deflate: true, in: packed("") + bye, want: "packed \n" + goodbye},
	{name: "deflate of zero bytes", deflate: true, in: frame(bitFin|bitRSV1|opText, ""), want: "close 1007\neof"},
	{name: "plain in spite of deflate", deflate: true, in: text("a") + packed("b") + text("c") + bye, want: "packed a\npacked b\npacked c\n" + goodbye},
	{name: "RFC 7692 7.2.3.1", deflate: true, in: frame(bitFin|bitRSV1|opText, "\xf2\x48\xcd\xc9\xc9\x07\x00") + bye, want: "packed Hello\n" + goodbye},
	{name: "RFC 7692 7.2.3.3, no compression", deflate: true, in: frame(bitFin|bitRSV1|opText, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00") + bye, want: "packed Hello\n" + goodbye},
	{name: "RFC 7692 7.2.3.4, final block", deflate: true, in: frame(bitFin|bitRSV1|opText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00") + bye, want: "packed Hello\n" + goodbye},
	{name: "RFC 7692 7.2.3.5, two blocks", deflate: true, in: frame(bitFin|bitRSV1|opText, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00") + bye, want: "packed Hello\n" + goodbye},
	{
		name: "deflate in fragments with a ping between", deflate: true,
		in:   frame(bitRSV1|opText, pack("hello")[:3]) + frame(bitFin|opPing, "x") + frame(bitFin, pack("hello")[3:]) + bye,
		want: "pong x\npacked hello\n" + goodbye,
	},
	{name: "deflate bomb", deflate: true, in: packed(strings.Repeat("\x00", 300<<10)), want: "close 1009\neof"},
	{name: "deflate of the limit", deflate: true, in: packed(long(testLimit)) + bye, want: "packed " + long(testLimit) + "\n" + goodbye},
	{name: "deflate over the limit by one", deflate: true, in: packed(long(testLimit + 1)), want: "close 1009\neof"},
	{name: "deflate of garbage", deflate: true, in: frame(bitFin|bitRSV1|opText, "\xff\xff\xff\xff"), want: "close 1007\neof"},
	{name: "deflate of bad UTF-8", deflate: true, in: packed("a\xff"), want: "close 1007\neof"},
	{name: "RSV1 on a continuation", deflate: true, in: frame(opText, "a") + frame(bitFin|bitRSV1, "b"), want: "close 1002\neof"},
	{name: "RSV1 on a ping", deflate: true, in: frame(bitFin|bitRSV1|opPing, ""), want: "close 1002\neof"},
	{name: "RSV1 on a close", deflate: true, in: frame(bitFin|bitRSV1|opClose, ""), want: "close 1002\neof"},
}

var bye = closeFrame(1000, "")

const goodbye = "close 1000\neof"

func long(n int) string { return strings.Repeat("0123456789abcdef", n/16+1)[:n] }

func pack(payload string) string {
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	return string(d.deflate([]byte(payload)))
}

func packed(payload string) string { return frame(bitFin|bitRSV1|opText, pack(payload)) }

func head16(size uint16) string {
	return string(binary.BigEndian.AppendUint16([]byte{bitFin | opText, bitMask | 126}, size)) + "\x00\x00\x00\x00"
}

func head64(size uint64) string {
	return string(binary.BigEndian.AppendUint64([]byte{bitFin | opText, bitMask | 127}, size)) + "\x00\x00\x00\x00"
}

func TestConformance(t *testing.T) {
	onBothPaths(t, func(t *testing.T, opts Options) {
		opts.MaxMessageBytes = testLimit
		g := startGroup(t, opts)
		for _, c := range conformance {
			t.Run(c.name, func(t *testing.T) {
				for _, piece := range []int{len(c.in), 1} {
					client := adopt(t, g, How{Deflate: c.deflate}, newEcho())
					go sendInPieces(client, c.in, piece)
					if got := transcript(client); got != c.want {
						t.Errorf("in pieces of %d:\ngot  %q\nwant %q", piece, got, c.want)
					}
					client.Close()
				}
			})
		}
	})
}

// sendInPieces gives up quietly when the server has had enough.
func sendInPieces(nc net.Conn, in string, piece int) {
	for len(in) > 0 {
		n := min(piece, len(in))
		if _, err := nc.Write([]byte(in[:n])); err != nil {
			return
		}
		in = in[n:]
	}
}
