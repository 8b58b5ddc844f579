package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate makes one for this machine alone, and the trust in it.
func certificate(t *testing.T) (cert, key string, trust *tls.Config) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "roomful test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir, pool := t.TempDir(), x509.NewCertPool()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(public)
	os.WriteFile(cert, public, 0o600)
	os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
	return cert, key, &tls.Config{RootCAs: pool}
}

// TestTLS: the same doors behind a certificate of our own, over HTTP/1.1 and,
// where no socket can be taken over, HTTP/2.
func TestTLS(t *testing.T) {
	for _, sockets := range []string{"epoll", "portable"} {
		t.Run(sockets, func(t *testing.T) {
			t.Parallel()
			cert, key, trust := certificate(t)
			h := open(t, "--tls-cert", cert, "--tls-key", key, "--token-hmac-secrets", tokenSecret, "--drain-window", "5s",
				"--portable-sockets="+fmt.Sprint(sockets == "portable"))
			h.scheme, h.client = "https", &http.Client{Transport: &http.Transport{TLSClientConfig: trust.Clone(), ForceAttemptHTTP2: true}}
			h1 := &http.Client{Transport: &http.Transport{TLSClientConfig: trust.Clone(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}}

			a := h.must("/v1/events", "", map[string]string{"name": "Ana & Tom", "preset": "wedding"})
			if c := a.header.Get("Set-Cookie"); !strings.Contains(c, "; Secure") || !strings.Contains(c, "; HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
				t.Errorf("the cookie is %q", c)
			}
			if !strings.HasPrefix(a.field("url"), "https://") {
				t.Errorf("the link is %s", a.field("url"))
			}
			p := &party{h, a.field("room"), a.field("code"), person{a.field("member"), a.field("token")}}
			bo := p.joins("Bo")

			l := dial(t, "wss://"+h.addr+"/v1/live", headerOf(bo.token, ""), trust.Clone())
			l.join(p.room, "")
			over1 := listens(t, h1, h.url(p.url()), headerOf(bo.token, ""))
			over2 := listens(t, h.client, h.url(p.url()), headerOf(bo.token, ""))
			if over1.res.ProtoMajor != 1 || over2.res.ProtoMajor != 2 {
				t.Fatalf("the streams are HTTP/%d and HTTP/%d", over1.res.ProtoMajor, over2.res.ProtoMajor)
			}
			over1.must()
			_, first := over2.must()
			if first.View == nil {
				t.Fatalf("over HTTP/2: %s", first.raw)
			}

			// What is long comes whole: more than one TLS record.
			long := strings.Repeat("round and round ", 30)
			for n := range 20 {
				p.do(bo, "feed.post", object{"text": fmt.Sprint(long, n)})
			}
			last := p.do(p.owner, "event.set", object{"name": "the end"}).Seq
			for name, next := range map[string]func() told{
				"wss":    func() told { return l.push(p.room) },
				"HTTP/1": func() told { _, f := over1.must(); return f },
				"HTTP/2": func() told { _, f := over2.must(); return f },
			} {
				posts, pos := 0, ""
				for seqOf(pos) < last {
					f := next()
					pos = f.Pos
					for _, u := range f.Updates {
						if u.Type == "feed.posted" {
							posts++
						}
					}
				}
				if posts != 20 {
					t.Errorf("%s: %d posts of 20", name, posts)
				}
			}
			resumed := listens(t, h.client, h.url(p.url()), headerOf(bo.token, first.Pos))
			if _, f := resumed.must(); f.View != nil || len(f.Updates) != 21 {
				t.Errorf("coming back over HTTP/2: %.300s", f.raw)
			}

			t.Run("presence", func(t *testing.T) {
				cy := p.joins("Cy")
				over1.must() // that she joined
				here := listens(t, h.client, h.url(p.url()), headerOf(cy.token, ""))
				here.must()
				for _, s := range []*stream{over1, over2} {
					for {
						if _, f := s.must(); f.Signals["people.presence/"+cy.id] != nil {
							break
						}
					}
				}
			})
			t.Run("rights", func(t *testing.T) {
				di := p.joins("Di")
				s := listens(t, h.client, h.url(p.url()), headerOf(di.token, ""))
				_, f := s.must()
				start := time.Now()
				p.do(p.owner, "people.ban", object{"member": di.id})
				if end := byeOf(s); end.Code != "banned" {
					t.Errorf("bye %+v", end)
				}
				soon(t, "ending the stream", start)
				if back := listens(t, h.client, h.url(p.url()), headerOf(di.token, f.Pos)); back.res.StatusCode != http.StatusNoContent {
					t.Errorf("coming back: %d", back.res.StatusCode)
				}
			})
			t.Run("expiry", func(t *testing.T) {
				end := time.Now().Add(2 * time.Second).Truncate(time.Second)
				s := listens(t, h.client, h.url(p.url()), headerOf(grants("kim", end, p.room, "guest"), ""))
				if bye := byeOf(s); bye.Code != "unauthenticated" || time.Now().Before(end) {
					t.Errorf("bye %+v", bye)
				}
				soon(t, "ending the stream", end)
			})

			held := make(chan answer, 1)
			pos := h.must(p.url(), bo.token, nil).header.Get("Roomful-Position")
			go func() {
				a, _ := h.ask(p.url()+"?wait=25s&since="+url.QueryEscape(pos), bo.token, nil)
				held <- a
			}()
			<-time.After(100 * time.Millisecond)
			if err := h.stop(); err != nil {
				t.Errorf("the server ended with %v\n%s", err, h.log)
			}
			if bye := l.bye(""); bye.Code != "drain" {
				t.Errorf("bye %+v", bye)
			}
			for _, s := range []*stream{over1, over2} {
				if bye := byeOf(s); bye.Code != "drain" {
					t.Errorf("HTTP/%d: bye %+v", s.res.ProtoMajor, bye)
				}
			}
			if a := <-held; a.field("code") != "drain" {
				t.Errorf("the long-poll was answered %v", a)
			}
		})
	}
}

// byeOf reads a stream to its end.
func byeOf(s *stream) gripe {
	s.t.Helper()
	for {
		if name, f := s.must(); name == "bye" {
			return *f.Bye
		}
	}
}
