// Package roomful holds no code: it is the house, and the test of its floors.
package roomful

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/roomful/roomful/"

// floors lists, for each folder, the folders of this module it may import. A
// name that ends in / stands for all folders below it. A folder that is not
// here is a decision still to be made, and fails. Any may import room.
var floors = map[string]string{
	"room":          "",
	"room/roomtest": "",
	"room/text":     "",
	"wire":          "",
	"netloop":       "",

	"feature/": "room/text room/roomtest",
	"journal":  "",
	"fanout":   "wire",

	"journal/journaltest": "journal",
	"backend/":            "journal journal/journaltest",
	"node":                "wire journal fanout",
	"media":               "",
	"config":              "",
	"session":             "wire fanout netloop node session/token session/limit",
	"session/token":       "",
	"session/limit":       "",
	"session/address":     "",

	"transport": "wire fanout netloop node session",

	"web":    "",
	"server": "wire netloop node media session transport web feature/",

	"cmd/roomful": "config backend/ feature/ media netloop node server session session/address session/token transport",
	"sim":         "wire journal backend/memory fanout node feature/ session",
	"sim/":        "",
	"bench/":      "wire journal backend/ fanout netloop node feature/ session config bench/",
	"bench":       "wire journal backend/ fanout netloop node feature/ session config bench/",
}

// drivers names the one folder that may import each driver. What a library
// does is that folder's business.
var drivers = map[string]string{
	"github.com/cockroachdb/pebble":       "backend/pebble",
	"github.com/golang-jwt/jwt":           "session/token",
	"github.com/go-jose/go-jose":          "session/token",
	"github.com/gobwas/ws":                "transport",
	"github.com/klauspost/compress":       "netloop",
	"github.com/prometheus/client_golang": "server",
	"github.com/pelletier/go-toml":        "config",
	"rsc.io/qr":                           "server",
	"golang.org/x/image":                  "media",
	"github.com/rivo/uniseg":              "room/text",
	"golang.org/x/text":                   "room/text",
}

// TestFloors fails on the first import that climbs.
func TestFloors(t *testing.T) {
	for _, p := range packages(t) {
		folder := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := lookup(folder)
		if !known {
			t.Errorf("folder %s is not in the floors: a new folder is a decision", folder)
			continue
		}
		for _, imp := range p.Imports {
			if to, own := strings.CutPrefix(imp, module); own && !permitted(to, folder, allowed) {
				t.Errorf("%s imports %s; floors allow only: %s", folder, to, allowed)
			}
			for driver, owner := range drivers {
				if strings.HasPrefix(imp, driver) && !within(folder, owner) {
					t.Errorf("%s imports %s, which is %s's", folder, imp, owner)
				}
			}
		}
	}
}

// TestPackagesSayWhatTheyAre fails on a package without a comment.
func TestPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("package %s has no comment", p.ImportPath)
		}
	}
}

func lookup(folder string) (allowed string, known bool) {
	if allowed, known = floors[folder]; known {
		return allowed, true
	}
	for name, allowed := range floors {
		if strings.HasSuffix(name, "/") && strings.HasPrefix(folder, name) {
			return allowed, true
		}
	}
	return "", false
}

func permitted(to, from, allowed string) bool {
	if to == "room" || within(to, from+"/") {
		return true
	}
	return slices.ContainsFunc(strings.Fields(allowed), func(name string) bool { return within(to, name) })
}

// within reports whether folder is name, or below it if name ends in /.
func within(folder, name string) bool {
	return folder == name || strings.HasSuffix(name, "/") && strings.HasPrefix(folder, name)
}

type goPackage struct {
	ImportPath string
	Doc        string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) (list []goPackage) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,GoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, module) && !strings.Contains(p.ImportPath, "node_modules") {
			list = append(list, p)
		}
	}
}
