package room

import "strconv"

// Args are a query's arguments by name, all as text: {"before":"123"}.
type Args map[string]string

// Uint reads a whole number, or def if it is missing.
func (a Args) Uint(name string, def uint64) (uint64, error) {
	text, ok := a[name]
	if !ok || text == "" {
		return def, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, Errorf(Invalid, "%s is a whole number, not %.20q.", name, text)
	}
	return n, nil
}

// Limit reads "limit": at least 1, at most most, def if it is missing.
func (a Args) Limit(def, most uint64) (int, error) {
	n, err := a.Uint("limit", def)
	return int(max(1, min(n, most))), err
}
