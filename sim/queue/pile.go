package queue

import "container/heap"

// pile is a heap of messages that know their place in it.
type pile struct {
	list   []*message
	place  int // which of message.at is ours
	before func(a, b *message) bool
}

func (p *pile) push(m *message)   { heap.Push((*order)(p), m) }
func (p *pile) remove(m *message) { heap.Remove((*order)(p), m.at[p.place]) }

// order is pile as package heap wants it.
type order pile

func (o *order) Len() int           { return len(o.list) }
func (o *order) Less(i, j int) bool { return o.before(o.list[i], o.list[j]) }

func (o *order) Swap(i, j int) {
	o.list[i], o.list[j] = o.list[j], o.list[i]
	o.list[i].at[o.place], o.list[j].at[o.place] = i, j
}

func (o *order) Push(x any) {
	m := x.(*message)
	m.at[o.place] = len(o.list)
	o.list = append(o.list, m)
}

func (o *order) Pop() any {
	last := len(o.list) - 1
	m := o.list[last]
	o.list[last] = nil
	o.list = o.list[:last]
	return m
}
