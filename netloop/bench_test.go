//go:build unix

package netloop

import (
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"
)

// onBothPathsB is onBothPaths for benchmarks.
func onBothPathsB(b *testing.B, bench func(b *testing.B, opts Options)) {
	if haveEpoll {
		b.Run("epoll", func(b *testing.B) { bench(b, Options{}) })
	}
	b.Run("portable", func(b *testing.B) { bench(b, Options{Portable: true}) })
}

type quiet struct{}

func (quiet) Opened(*Conn)          {}
func (quiet) Message(*Conn, []byte) {}
func (quiet) Writable(*Conn)        {}
func (quiet) Closed(*Conn, error)   {}

// BenchmarkIdleConnection tells what an idle connection keeps of the process's
// memory (B/conn: heap and stacks in use) after one message. Clients are bare
// descriptors, so that they do not count. Run it with -benchtime 5000x, say.
func BenchmarkIdleConnection(b *testing.B) {
	onBothPathsB(b, func(b *testing.B, opts Options) {
		opts.PingEvery, opts.DeadAfter, opts.CloseTimeout = time.Hour, time.Hour, time.Second
		g := startGroup(b, opts)
		clients := make([]int, 0, b.N)
		message := []byte(text("hello"))
		before := inUse()
		for range b.N {
			server, client := bareClient(b)
			clients = append(clients, client)
			if err := g.Adopt(server, nil, How{}, quiet{}); err != nil {
				b.Fatal(err)
			}
			syscall.Write(client, message)
		}
		for g.Stats().Messages < uint64(b.N) {
			runtime.Gosched()
		}
		after := inUse()
		b.ReportMetric((after-before)/float64(b.N), "B/conn")
		b.ReportMetric(0, "ns/op")
		for _, fd := range clients {
			syscall.Close(fd)
		}
	})
}

// bareClient is a connection whose client end is only a descriptor.
func bareClient(b *testing.B) (server net.Conn, client int) {
	server, nc, err := pair()
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	raw, _ := nc.(syscall.Conn).SyscallConn()
	raw.Control(func(fd uintptr) { client, err = syscall.Dup(int(fd)) })
	if err != nil {
		b.Fatal(err)
	}
	return server, client
}

func inUse() float64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// BenchmarkBroadcast sends one shared frame to 1,000 connections of one loop; an
// op is one delivery. The clients read it in the same process.
func BenchmarkBroadcast(b *testing.B) {
	const readers = 1000
	onBothPathsB(b, func(b *testing.B, opts Options) {
		opts.Loops = 1
		g := startGroup(b, opts)
		var conns []*Conn
		for range readers {
			c, _, client := open(b, g, How{})
			conns = append(conns, c)
			go io.Copy(io.Discard, client)
		}
		shared := AppendText(nil, []byte(long(128)))
		b.ReportAllocs()
		b.ResetTimer()
		for sent := 0; sent < b.N; sent += readers {
			run(b, g.Loops()[0], func(*Loop) {
				for _, c := range conns[:min(readers, b.N-sent)] {
					c.Send(shared)
				}
			})
		}
	})
}

// BenchmarkEcho is one message there and back.
func BenchmarkEcho(b *testing.B) {
	onBothPathsB(b, func(b *testing.B, opts Options) {
		client := adopt(b, startGroup(b, opts), How{}, newEcho())
		message := []byte(text("sixteen bytes ok"))
		answer := make([]byte, len(message)-4)
		client.SetDeadline(time.Time{})
		b.ReportAllocs()
		for b.Loop() {
			client.Write(message)
			if _, err := io.ReadFull(client, answer); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPost is a task to a sleeping loop and its answer.
func BenchmarkPost(b *testing.B) {
	onBothPathsB(b, func(b *testing.B, opts Options) {
		l := startGroup(b, opts).Loops()[0]
		done := make(chan struct{})
		task := taskFunc(func(*Loop) { done <- struct{}{} })
		b.ReportAllocs()
		for b.Loop() {
			l.Post(task)
			<-done
		}
	})
}

func BenchmarkParser(b *testing.B) {
	r := rules{maxMessageBytes: testLimit}
	stream := []byte(text(long(128)))
	in := make([]byte, len(stream))
	b.ReportAllocs()
	for b.Loop() {
		copy(in, stream)
		var p parser
		if ev, _, _, _ := p.next(&r, false, in); ev != evText {
			b.Fatal("no message")
		}
	}
}
