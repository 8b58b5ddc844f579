package netloop

// violation is a breach of RFC 6455 or of our limits by the peer, and the close
// code that answers it.
type violation struct {
	code   uint16
	reason string
}

func (v *violation) Error() string { return v.reason }

var (
	errReservedBits   = &violation{1002, "reserved bit set"}
	errOpcode         = &violation{1002, "unknown opcode"}
	errUnmasked       = &violation{1002, "unmasked frame"}
	errControl        = &violation{1002, "control frame fragmented or too long"}
	errLength         = &violation{1002, "bad payload length"}
	errNoStart        = &violation{1002, "continuation without a start"}
	errInterrupted    = &violation{1002, "new message inside a fragmented one"}
	errClosePayload   = &violation{1002, "bad close frame"}
	errBinary         = &violation{1003, "binary messages are not accepted"}
	errUTF8           = &violation{1007, "invalid UTF-8"}
	errDeflate        = &violation{1007, "invalid compressed data"}
	errTooBig         = &violation{1009, "message too big"}
	errPartialTooLong = &violation{1008, "message took too long"}
)
