package event

// Preset is a bundle of settings an event starts with; hosts change each one
// later.
type Preset struct {
	Name       string          `json:"name"`  // "wedding"
	Title      string          `json:"title"` // "Wedding"
	Features   map[string]bool `json:"features"`
	Moderation string          `json:"moderation"`
	Kinds      []string        `json:"kinds"` // of reactions
}

// Presets lists them in the order to offer them in. The first one is taken
// when none is asked for.
func Presets() []Preset {
	on := func(feed, reactions, people bool) map[string]bool {
		return map[string]bool{"feed": feed, "reactions": reactions, "people": people}
	}
	return []Preset{
		{"house-party", "House party", on(true, true, true), Post, []string{"heart", "joy", "party", "clap", "fire"}},
		{"wedding", "Wedding", on(true, true, true), Post, []string{"heart", "clap", "joy", "party", "tear"}},
		{"conference-talk", "Conference talk", on(true, true, false), Pre, []string{"heart", "clap", "joy", "party", "mind"}},
		{"drop-sale", "Drop or sale", on(false, true, false), Pre, []string{"heart", "fire", "wow"}},
		{"quiz-night", "Quiz night", on(true, true, true), Post, []string{"clap", "joy", "wow", "mind", "party"}},
	}
}

// PresetNamed finds one; "" is the first.
func PresetNamed(name string) (Preset, bool) {
	for _, p := range Presets() {
		if p.Name == name || name == "" {
			return p, true
		}
	}
	return Preset{}, false
}
