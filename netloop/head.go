package netloop

// AppendTextHead appends the head of a text frame whose payload, payloadBytes
// long, is sent right behind it: for a payload that is partly shared.
func AppendTextHead(dst []byte, payloadBytes int) []byte {
	return appendHead(dst, bitFin|opText, payloadBytes)
}
