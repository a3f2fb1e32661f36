package table

import "math/rand/v2"

// key finds a row.
type key struct{ partition, row string }

// before is the order of the table.
func (k key) before(other key) bool {
	if k.partition != other.partition {
		return k.partition < other.partition
	}
	return k.row < other.row
}

// maxLevel is enough for 4^16 rows.
const maxLevel = 16

// index is a skip list of entities by key. It is not safe for concurrent use.
type index struct {
	head  node
	level int // levels in use
	dice  *rand.Rand
	count int
}

type node struct {
	key    key
	entity *entity
	next   []*node
}

func newIndex() *index {
	// The levels need no secrecy and no seed of their own: they decide about
	// speed only.
	return &index{head: node{next: make([]*node, maxLevel)}, level: 1, dice: rand.New(rand.NewPCG(1, 2))}
}

// seek finds the first node at or after the key. With a path, it notes the last
// node before it on each level.
func (x *index) seek(k key, path *[maxLevel]*node) *node {
	at := &x.head
	for level := x.level - 1; level >= 0; level-- {
		for at.next[level] != nil && at.next[level].key.before(k) {
			at = at.next[level]
		}
		if path != nil {
			path[level] = at
		}
	}
	return at.next[0]
}

// get is the entity under the key, or nil.
func (x *index) get(k key) *entity {
	if n := x.seek(k, nil); n != nil && n.key == k {
		return n.entity
	}
	return nil
}

// put stores an entity under its key, over the one that may be there.
func (x *index) put(e *entity) {
	var path [maxLevel]*node
	if n := x.seek(e.key, &path); n != nil && n.key == e.key {
		n.entity = e
		return
	}
	levels := 1
	for levels < maxLevel && x.dice.Uint32()&3 == 0 {
		levels++
	}
	for ; x.level < levels; x.level++ {
		path[x.level] = &x.head
	}
	n := &node{key: e.key, entity: e, next: make([]*node, levels)}
	for level := range levels {
		n.next[level] = path[level].next[level]
		path[level].next[level] = n
	}
	x.count++
}

// remove takes the entity out; one that is not there is none of its business.
func (x *index) remove(k key) {
	var path [maxLevel]*node
	n := x.seek(k, &path)
	if n == nil || n.key != k {
		return
	}
	for level := range n.next {
		path[level].next[level] = n.next[level]
	}
	x.count--
}
