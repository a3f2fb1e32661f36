package year_test

import (
	"math/rand/v2"
	"time"
)

const day = 24 * time.Hour

// trouble is a kind of weather.
type trouble string

const (
	fair       trouble = ""
	vaultDown  trouble = "vault down"
	loginDown  trouble = "login down"
	hostDown   trouble = "host down"
	timerStops trouble = "rotation timer stopped"
	expired    trouble = "app secret expired"
)

// spell is one stretch of bad weather; both ends are hours of the year.
type spell struct {
	what       trouble
	begin, end int
}

// weather makes the year's spells: the five great ones and shorter ones, in an
// order that the seed decides, with four to fourteen fair days between any two:
// a token lives 90 days, so outages that follow each other without a pause for
// longer than that would end any grant, whatever the program does.
func weather(rng *rand.Rand) []spell {
	hours := func(d time.Duration) int { return int(d / time.Hour) }
	list := []spell{
		{vaultDown, 0, hours(20 * day)}, {loginDown, 0, hours(20 * day)}, {hostDown, 0, hours(20 * day)},
		{timerStops, 0, hours(30 * day)}, {expired, 0, hours(5 * day)},
	}
	for range 3 {
		for _, what := range []trouble{vaultDown, loginDown, hostDown} {
			list = append(list, spell{what, 0, 1 + rng.IntN(hours(6*day))})
		}
	}
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	at := hours(3 * day)
	for i, s := range list {
		list[i].begin, list[i].end = at, at+s.end
		at = list[i].end + hours(4*day) + rng.IntN(hours(10*day))
	}
	return list
}

// now is the trouble of an hour, and for how many hours it has been fair.
func now(list []spell, hour int) (what trouble, fairFor int) {
	fairFor = hour
	for _, s := range list {
		if hour >= s.begin && hour < s.end {
			return s.what, 0
		}
		if hour >= s.end {
			fairFor = hour - s.end
		}
	}
	return fair, fairFor
}
