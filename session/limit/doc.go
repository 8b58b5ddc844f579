// Package limit says how much of something a key (a member, a connection, an
// address) may have now: Table bounds rates, Count bounds how many at once.
//
// Nothing runs by itself: no goroutine, no timer, no state for a key that has
// not been seen lately. What a bucket costs is one map entry of two words;
// full buckets are forgotten as others are asked for, since a full bucket and
// an unknown key are the same thing.
package limit
