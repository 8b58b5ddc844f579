package server

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/roomful/roomful/netloop"
	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/session"
)

// metrics reads the counters that the parts keep anyway; nothing is counted
// twice.
type metrics struct {
	node     *node.Node
	sockets  *netloop.Group
	registry *session.Registry
}

// NewMetrics makes the registry behind /metrics.
func NewMetrics(n *node.Node, sockets *netloop.Group, registry *session.Registry) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&metrics{n, sockets, registry},
	)
	return reg
}

func metricsHandler(g prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(g, promhttp.HandlerOpts{})
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("roomful_"+name, help, labels, nil)
}

var (
	descConnections = desc("connections", "Live connections.", "transport")
	descRooms       = desc("rooms", "Rooms this node knows of, by state: awake in memory, or asleep with readers.", "state")
	descWakes       = desc("wakes_total", "Rooms loaded.")
	descRetired     = desc("retired_total", "Rooms put to sleep.")
	descOps         = desc("ops_total", "Commands handled.", "result")
	descUpdates     = desc("updates_total", "Updates committed.")
	descTurns       = desc("turns_total", "Turns of rooms.")
	descFailed      = desc("commits_failed_total", "Commits that failed; the room was loaded anew.")
	descPanics      = desc("panics_total", "Commands that broke their room; it was loaded anew.")
	descFrames      = desc("frames_built_total", "Frames encoded, each for many readers.")
	descSent        = desc("frames_sent_total", "Frames handed to sockets.")
	descBytes       = desc("sent_bytes_total", "Bytes handed to sockets.")
	descTold        = desc("told_total", "Updates told, once per reader.")
	descConflated   = desc("conflated_total", "Updates that a newer one took the place of before they were told.")
	descDemoted     = desc("demoted_total", "Readers whose socket was full.")
	descLost        = desc("rejoined_total", "Readers who fell behind the tail or whose rights changed.")
	descJoins       = desc("recover_total", "Joins, by whether they went on from their position.", "recovered")
	descLimited     = desc("limited_total", "Commands, joins and frames refused or cut by a limit.")
	descHeld        = desc("held_bytes", "Bytes waiting for full sockets.")
	descCloses      = desc("close_total", "Connections ended, by close code.", "code")
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	n, s := m.node.Stats(), m.sockets.Stats()
	gauge(descConnections, float64(s.WebSockets), "websocket")
	gauge(descConnections, float64(s.SSEs), "sse")
	awake := n.Awake.Load()
	gauge(descRooms, float64(awake), "awake")
	gauge(descRooms, max(0, float64(m.node.Rooms())-float64(awake)), "asleep")
	count(descWakes, n.Wakes.Load())
	count(descRetired, n.Retired.Load())
	count(descOps, n.Commands.Load()-n.Refused.Load(), "ok")
	count(descOps, n.Refused.Load(), "refused")
	count(descUpdates, n.Updates.Load())
	count(descTurns, n.Turns.Load())
	count(descFailed, n.Failed.Load())
	count(descPanics, n.Panics.Load())
	count(descFrames, n.Tails.Frames.Load())
	count(descTold, n.Tails.Told.Load())
	count(descConflated, n.Tails.Conflated.Load())
	count(descDemoted, n.Tails.Demoted.Load())
	count(descLost, n.Tails.Lost.Load())
	count(descJoins, n.Resumed.Load(), "true")
	count(descJoins, n.Viewed.Load(), "false")
	count(descLimited, m.registry.Stats.Limited.Load())
	count(descSent, s.SentFrames)
	count(descBytes, s.SentBytes)
	gauge(descHeld, float64(s.HeldBytes))
	for code, ended := range s.Closes {
		count(descCloses, ended, strconv.Itoa(int(code)))
	}
}
