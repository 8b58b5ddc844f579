package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/roomful/roomful/bench/load"
	"github.com/roomful/roomful/bench/machine"
)

// idleTLS measures connections that the server itself encrypts. The clients
// are in this process: raw sockets do not speak TLS.
func idleTLS(l *lab, s *sheet) error {
	n := l.scaled(5000)
	cert, key, err := l.certificate()
	if err != nil {
		return err
	}
	h, err := l.serve("", "--idle", "2s", "--tls-cert", cert, "--tls-key", key)
	if err != nil {
		return err
	}
	empty, err := h.rest()
	if err != nil {
		return err
	}
	conns := make([]net.Conn, n)
	defer func() {
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
	}()
	var wait sync.WaitGroup
	errs := make(chan error, 50)
	m := machine.Start(h.pid())
	for w := range 50 {
		wait.Go(func() {
			for i := w; i < n; i += 50 {
				if conns[i], err = h.joinTLS("channel/b0"); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wait.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	spent := m.Stop()
	time.Sleep(4 * time.Second)
	full, err := h.rest()
	if err != nil {
		return err
	}
	per := float64(full-empty) / float64(n)
	s.add(row{
		Figure: fmt.Sprintf("idle connection, WebSocket over TLS (%d): process memory", n), Value: fmt.Sprintf("%.0f B", per), Aim: "≤ 10 kB",
		Reached: reached(per <= 10_000), Other: spent.Other, Steal: spent.Steal,
		Notes: fmt.Sprintf("TLS 1.3, ECDSA P-256; server's CPU %.0f µs for each connection with its join.", float64(spent.CPU[0].Microseconds())/float64(n)),
	})
	return nil
}

// certificate makes one that nobody trusts.
func (l *lab) certificate() (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	bits, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(l.dir, "cert.pem"), filepath.Join(l.dir, "key.pem")
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return "", "", err
	}
	return cert, key, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bits}), 0o600)
}

// joinTLS opens a WebSocket, joins and reads up to the view.
func (h *house) joinTLS(room string) (net.Conn, error) {
	c, err := tls.Dial("tcp", h.addr, &tls.Config{InsecureSkipVerify: true}) // our own, a moment old
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(30 * time.Second))
	head := "GET /v1/live HTTP/1.1\r\nHost: " + h.addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := io.WriteString(c, head); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(c, 512)
	for line := ""; line != "\r\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			return nil, err
		}
	}
	if _, err := c.Write(load.MaskedText([]byte(`{"id":1,"join":{"room":"` + room + `"}}`))); err != nil {
		return nil, err
	}
	for seen := ""; !strings.Contains(seen, `"view":`); {
		b, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		seen += string(b)
	}
	return c, nil
}
