//go:build !race

package jobs_test

const underRace = false
