package ledger

import (
	"iter"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Sums counts a run's outcomes. Expected and retry count as Pending.
type Sums struct {
	Done, Skipped, Failed, Pending int
	SkippedBy                      map[sam.Reason]int
	FailedBy                       map[sam.Class]int
}

// Final is how many outcomes are final.
func (s Sums) Final() int { return s.Done + s.Skipped + s.Failed }

// Tally counts outcomes up to the end of the sequence or its first error,
// which it returns with the sums so far.
func Tally(outcomes iter.Seq2[Outcome, error]) (Sums, error) {
	s := Sums{SkippedBy: map[sam.Reason]int{}, FailedBy: map[sam.Class]int{}}
	for o, err := range outcomes {
		if err != nil {
			return s, err
		}
		s.add(o)
	}
	return s, nil
}

func (s *Sums) add(o Outcome) {
	switch o.State {
	case sam.Done:
		s.Done++
	case sam.Skipped:
		s.Skipped++
		s.SkippedBy[o.Reason]++
	case sam.Failed:
		s.Failed++
		s.FailedBy[o.Class]++
	case sam.Expected, sam.Retry:
		s.Pending++
	}
}
