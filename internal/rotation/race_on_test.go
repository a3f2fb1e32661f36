//go:build race

package rotation_test

const underRace = true
