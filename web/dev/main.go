// Command dev shows the pages with made-up data, without a server behind them.
package main

import (
	"encoding/json"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"
	"log"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/roomful/roomful/web"
)

type m = map[string]any

func main() {
	app, err := web.New()
	if err != nil {
		log.Fatal(err)
	}
	show := func(p web.Page) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'")
			if err := app.Render(w, r, 200, p); err != nil {
				log.Print(err)
			}
		}
	}
	var qr strings.Builder
	qr.WriteString(`<svg viewBox="0 0 29 29" shape-rendering="crispEdges" role="img" aria-label="QR code"><path fill="#000" d="`)
	for y := 0; y < 29; y++ {
		for x := 0; x < 29; x++ {
			if (x*7+y*13+x*y)%3 == 0 {
				fmt.Fprintf(&qr, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	qr.WriteString(`"/></svg>`)
	q := template.HTML(qr.String())
	presets := []string{"house-party", "wedding", "conference-talk", "drop-sale", "quiz-night"}
	http.Handle("/{$}", show(web.CreatePage{Presets: presets}))
	http.Handle("/bad", show(web.CreatePage{Presets: presets, Error: "Give the event a name.", Preset: "wedding"}))
	http.Handle("/ready", show(web.ReadyPage{Code: "ab12cd34", Name: "Ana & Tom", URL: "https://party.example/e/ab12cd34", QR: q, HostURL: "https://party.example/e/ab12cd34/host#Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"}))
	http.Handle("/claim", show(web.ClaimPage{Code: "ab12cd34", Name: "Ana & Tom"}))
	http.Handle("/join", show(web.JoinPage{Code: "ab12cd34", Name: "Ana & Tom", Online: 42}))
	http.Handle("/joinbad", show(web.JoinPage{Code: "ab12cd34", Name: "Summer party of the whole neighbourhood", Error: "That name belongs to a host. Pick another one.", Typed: "Host"}))
	http.Handle("/closed", show(web.JoinPage{Code: "ab12cd34", Name: "Ana & Tom", Count: 128, Closed: true}))
	http.Handle("/lost", show(web.LostPage{Code: "ab12cd3x"}))
	http.Handle("/trouble", show(web.TroublePage{Title: "The room is full right now", Text: "Wait a moment and try again. Nothing of yours is lost."}))
	talk, _ := json.Marshal(m{"room": "talk/evan", "pos": "k:1", "view": m{"reactions": m{"counts": m{"heart": 4712, "clap": 1204, "joy": 88}, "kinds": []string{"heart", "clap", "joy", "party", "mind"}}}})
	http.Handle("/t/{id}", show(web.TalkPage{ID: "evan", View: talk}))
	http.HandleFunc("/e/{kind}", func(w http.ResponseWriter, r *http.Request) {
		kind := r.PathValue("kind")
		view, _ := json.Marshal(event(kind))
		show(web.EventPage{Code: kind, Name: "Ana & Tom", URL: "https://party.example/e/ab12cd34", QR: q, View: view})(w, r)
	})
	http.Handle("/assets/", app)
	http.HandleFunc("/media/", func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.URL.Path, "/")
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Cache-Control", "max-age=600")
		jpeg.Encode(w, picture(parts[4]), nil)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:8099", nil))
}

func picture(id string) image.Image {
	w, h := 400, 300
	if strings.HasSuffix(id, "p") {
		w, h = 300, 400
	}
	seed := 0.0
	for _, c := range id {
		seed += float64(c)
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			a := math.Sin(float64(x)/50+seed) + math.Cos(float64(y)/60+seed*1.7)
			b := math.Sin(float64(x+y) / 80)
			img.Set(x, y, color.RGBA{uint8(140 + 55*a), uint8(80 + 30*b + 20*a), uint8(110 - 40*a), 255})
		}
	}
	return img
}

func event(kind string) m {
	now := time.Now().UnixMilli()
	person := func(id, name, role string, seq int) m {
		return m{"id": id, "name": name, "role": role, "joinedAt": now - 3_600_000 + int64(seq), "muted": 0, "hidden": false, "seq": seq}
	}
	role := "owner"
	if strings.Contains(kind, "guest") {
		role = "guest"
	}
	members := []m{person("m_1", "Ana", role, 1), person("m_2", "Tom", "cohost", 2), person("m_3", "Amber Otter", "guest", 3), person("m_4", "Grandma Ilse", "guest", 4), person("m_5", "DJ Kasimir", "moderator", 5)}
	for i := range 12 {
		members = append(members, person(fmt.Sprintf("m_x%d", i), fmt.Sprintf("Guest %c.", 'A'+i), "guest", 10+i))
	}
	by := func(i int) m { return m{"id": members[i]["id"], "name": members[i]["name"]} }
	post := func(n int, who int, text string, photos []m, reactions m, comments int) m {
		latest := []m{}
		if comments > 0 {
			latest = append(latest, m{"id": fmt.Sprintf("c_%d", n), "post": fmt.Sprintf("p_%d", n), "by": by(2), "at": now - 60_000, "text": "Look at those two. I am not crying, you are.", "seq": 90})
		}
		return m{"id": fmt.Sprintf("p_%d", n), "state": "visible", "by": by(who), "at": now - int64(60_000*(20-n)), "text": text, "photos": photos, "reactions": reactions, "comments": comments, "latest": latest, "published": n, "pinned": false, "edited": 0, "seq": n}
	}
	ph := func(id string) m {
		if strings.HasSuffix(id, "p") {
			return m{"id": id, "width": 810, "height": 1080}
		}
		return m{"id": id, "width": 1080, "height": 810}
	}
	none := []m{}
	posts := []m{
		post(19, 2, "First dance!", []m{ph("ph_a")}, m{"heart": 23, "tear": 4, "fire": 1}, 6),
		post(18, 3, "So proud of you both. Grandpa would have loved this.", none, m{"heart": 41}, 2),
		post(17, 1, "", []m{ph("ph_bp"), ph("ph_c"), ph("ph_d")}, m{"joy": 3}, 0),
		post(16, 4, "Next hour: only songs from 1999. Come to the floor, all of you, and bring the people who say that they do not dance, because tonight nobody here is good at it and that is the point.", none, m{}, 0),
		post(15, 2, "The cake did not survive", []m{ph("ph_ep"), ph("ph_f")}, m{"joy": 12, "wow": 2}, 1),
		post(14, 6, "", []m{ph("ph_g"), ph("ph_h"), ph("ph_i"), ph("ph_j"), ph("ph_k"), ph("ph_l")}, m{"clap": 5}, 0),
	}
	pin := post(3, 0, "Dinner at seven, dancing from nine. Put your photos here!", none, m{}, 0)
	pin["pinned"] = true
	pinned := []m{pin}
	review := []m{}
	if strings.Contains(kind, "pre") {
		w := post(20, 7, "May I say something?", none, m{}, 0)
		w["state"] = "pending"
		h := post(2, 8, "hidden words", none, m{}, 0)
		h["state"] = "hidden"
		review = []m{w, h}
	}
	if strings.Contains(kind, "empty") {
		posts, pinned = none, none
	}
	features := m{"feed": !strings.Contains(kind, "nofeed"), "reactions": !strings.Contains(kind, "noreact"), "people": !strings.Contains(kind, "nopeople")}
	life := "open"
	if strings.Contains(kind, "over") {
		life = "closed"
	}
	return m{"room": "event/" + kind, "pos": "k:1", "view": m{
		"event":     m{"name": "Ana & Tom", "preset": "wedding", "features": features, "moderation": "post", "life": life, "locked": strings.Contains(kind, "locked"), "openedAt": now - 7_200_000},
		"people":    m{"count": 17, "members": members},
		"feed":      m{"posts": posts, "pinned": pinned, "more": false, "counts": m{"posts": 6, "photos": 12, "comments": 9}, "kinds": []string{"heart", "joy", "wow", "clap", "fire", "tear"}, "review": review},
		"reactions": m{"counts": m{"heart": 4712, "clap": 318, "joy": 88}, "kinds": []string{"heart", "clap", "joy", "party", "mind"}},
	}, "mine": m{"people": members[0], "feed": m{"posts": none, "chosen": m{"p_19": []string{"heart"}}}}, "signals": m{"people.online": m{"count": 42}}}
}
