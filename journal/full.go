package journal

// Fuller is implemented by engines that watch the free space of their disk.
// Full reports whether appends would be refused with ErrFull, so that an owner
// can refuse commands before it decides them. It does not block.
type Fuller interface{ Full() bool }
