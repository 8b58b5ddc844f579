package session

import (
	"errors"
	"time"

	"github.com/roomful/roomful/node"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/session/limit"
)

// guesses bounds the codes that one address may try and miss, generously: a
// hall behind one router mistypes some. At a code a second, 40 bits take
// thousands of years.
var guesses = limit.Rate{Burst: 60, PerSecond: 1}

// Veil is what who is told instead of err. Each room that is not there costs
// the address a guess. Once they are used up, a room that is there looks to
// those who are no members of it like one that is not: both are RateLimited.
func (r *Registry) Veil(who *Identity, err error) error {
	missed := errors.Is(err, node.ErrNoRoom)
	if who.Service != nil || !missed && room.CodeOf(err) != room.Unauthenticated {
		return err
	}
	if missed {
		if granted, _ := r.rates.Allow(guessing(who), time.Now(), 1, guesses); granted > 0 {
			return err
		}
	}
	if limited := r.MayGuess(who); limited != nil {
		return limited
	}
	return err
}

// MayGuess refuses who has no guesses left: before doing what would show that
// a room is there.
func (r *Registry) MayGuess(who *Identity) error {
	wait := r.rates.Wait(guessing(who), time.Now(), guesses)
	if wait == 0 || who.Service != nil {
		return nil
	}
	r.Stats.Limited.Add(1)
	return &room.Error{Code: room.RateLimited, Message: "Too many tries from this network. Wait a moment.", RetryAfter: wait}
}

// Guess takes one guess: for what is right or wrong by itself, as a private
// link's secret.
func (r *Registry) Guess(who *Identity) error {
	return r.Limited(who.Address, "guess", guesses.Burst, guesses.PerSecond)
}

func guessing(who *Identity) string { return who.Address + " guess" }
