package netloop

// link is a connection's way to the kernel. All its methods are called on the
// connection's loop and none of them blocks.
type link interface {
	// start begins to read: receive is called with whatever comes, Conn.lose
	// when the stream ends.
	start(c *Conn) error
	// receive passes a chunk of the stream on to Conn.read. It may write to it.
	receive(c *Conn, chunk []byte)
	// write takes n bytes of b. full means that it can take nothing more until
	// it has called Conn.writable, even if n is len(b): bytes that were taken may
	// still be on their way. It keeps b only in that case. An empty b asks
	// whether all has left.
	write(c *Conn, b []byte) (n int, full bool, err error)
	// awaitWritable has a full link call Conn.writable once it can take more.
	awaitWritable(c *Conn) error
	// shut ends our direction of the stream.
	shut(c *Conn)
	// close gives the socket up. Nothing is called after it.
	close(c *Conn)
}
