package netloop

import (
	"cmp"
	"log/slog"
	"runtime"
	"time"
)

// Options configure a [Group]. Zero fields take the defaults named here.
type Options struct {
	Loops    int  // GOMAXPROCS
	Portable bool // a goroutine per connection, parked in a read, in place of epoll; always so outside Linux

	MaxMessageBytes int // 64 KiB; holds for a frame's declared length, the sum over fragments, and what is inflated
	MaxHeldBytes    int // 256 KiB; what a full socket may leave waiting beside the first frame, then it is closed with 1013
	SendBufferBytes int // 64 KiB; SO_SNDBUF: bounds what the kernel holds for a stalled peer

	PingEvery      time.Duration // 25s without a byte in or without a byte out
	DeadAfter      time.Duration // 45s without a byte in, pongs included
	PartialTimeout time.Duration // 20s from a message's first byte to its last
	CloseTimeout   time.Duration // 3s for what is held, the close frame and the peer's answer
	HeldTimeout    time.Duration // 30s with bytes waiting and the peer taking none
	SSEHeartbeat   time.Duration // 20s without a byte out, then ":\n\n"

	Logger *slog.Logger // slog.Default
}

func (o Options) withDefaults() Options {
	o.Loops = cmp.Or(o.Loops, runtime.GOMAXPROCS(0))
	o.Portable = o.Portable || !haveEpoll
	o.MaxMessageBytes = cmp.Or(o.MaxMessageBytes, 64<<10)
	o.MaxHeldBytes = cmp.Or(o.MaxHeldBytes, 256<<10)
	o.SendBufferBytes = cmp.Or(o.SendBufferBytes, 64<<10)
	o.PingEvery = cmp.Or(o.PingEvery, 25*time.Second)
	o.DeadAfter = cmp.Or(o.DeadAfter, 45*time.Second)
	o.PartialTimeout = cmp.Or(o.PartialTimeout, 20*time.Second)
	o.CloseTimeout = cmp.Or(o.CloseTimeout, 3*time.Second)
	o.HeldTimeout = cmp.Or(o.HeldTimeout, 30*time.Second)
	o.SSEHeartbeat = cmp.Or(o.SSEHeartbeat, 20*time.Second)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	return o
}

// shortest is the timeout that decides how fine the wheel has to be.
func (o Options) shortest() time.Duration {
	return min(o.PingEvery, o.DeadAfter, o.PartialTimeout, o.CloseTimeout, o.HeldTimeout, o.SSEHeartbeat)
}

// ticks are the timeouts in ticks of a wheel.
type ticks struct {
	ping, dead, partial, closing, held, heartbeat uint32
}

func (o Options) ticks(tick time.Duration) ticks {
	in := func(d time.Duration) uint32 { return uint32((d + tick - 1) / tick) }
	return ticks{
		ping:      in(o.PingEvery),
		dead:      in(o.DeadAfter),
		partial:   in(o.PartialTimeout),
		closing:   in(o.CloseTimeout),
		held:      in(o.HeldTimeout),
		heartbeat: in(o.SSEHeartbeat),
	}
}
