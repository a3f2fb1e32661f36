package entra

import (
	"strconv"
	"strings"
	"sync"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// maxUnknown bounds how many unknown codes a process remembers to have reported.
const maxUnknown = 100

// Unknown reports whether Entra named a code that is in no table of this
// package. Such a problem is classed by its OAuth error, and its code and trace
// id are what a maintainer needs to add the row.
func Unknown(p *sam.Problem) bool {
	if p == nil {
		return false
	}
	digits, ok := strings.CutPrefix(p.Code, "AADSTS")
	code, err := strconv.Atoi(digits)
	return ok && err == nil && code != wrapper && !known(code)
}

// reporter tells of each unknown code once in the life of a process.
type reporter struct {
	tell func(*sam.Problem) // nil means nobody listens

	mu   sync.Mutex
	told map[string]bool
}

func (r *reporter) report(p *sam.Problem) {
	if r.tell == nil || !Unknown(p) {
		return
	}
	r.mu.Lock()
	news := !r.told[p.Code] && len(r.told) < maxUnknown
	if news {
		if r.told == nil {
			r.told = make(map[string]bool)
		}
		r.told[p.Code] = true
	}
	r.mu.Unlock()
	if news {
		r.tell(p)
	}
}
