package table

// bounds is the part of the table that a condition can hold in: rows before
// from and at or after to need not be looked at. open means there is no end.
type bounds struct {
	from, to key
	open     bool
}

// boundsOf reads the bounds off the comparisons of keys that are joined by
// "and"; anything else does not narrow them.
func boundsOf(c condition) bounds {
	var keys keyRange
	keys.narrow(c)
	if keys.partition != nil {
		b := bounds{from: key{*keys.partition, keys.rowFrom}, to: key{*keys.partition + "\x00", ""}}
		if keys.rowTo != nil {
			b.to = key{*keys.partition, *keys.rowTo}
		}
		return b
	}
	b := bounds{from: key{keys.partitionFrom, ""}, open: keys.partitionTo == nil}
	if !b.open {
		b.to = key{*keys.partitionTo, ""}
	}
	return b
}

// keyRange is what is known of both keys: lower bounds included, upper excluded.
type keyRange struct {
	partition              *string // the only one
	partitionFrom, rowFrom string
	partitionTo, rowTo     *string
}

func (k *keyRange) narrow(c condition) {
	switch c := c.(type) {
	case both:
		k.narrow(c.left)
		k.narrow(c.right)
	case comparison:
		text, ok := c.value.(string)
		switch {
		case ok && c.column == "PartitionKey" && c.op == "eq":
			k.partition = &text
		case ok && c.column == "PartitionKey":
			narrow(&k.partitionFrom, &k.partitionTo, c.op, text)
		case ok && c.column == "RowKey":
			narrow(&k.rowFrom, &k.rowTo, c.op, text)
		}
	}
}

// narrow takes one comparison into account. The text after s, in the order of
// bytes, is s with a zero byte behind it.
func narrow(from *string, to **string, op, s string) {
	after := s + "\x00"
	lower := func(bound string) { *from = max(*from, bound) }
	upper := func(bound string) {
		if *to == nil || bound < **to {
			*to = &bound
		}
	}
	switch op {
	case "eq":
		lower(s)
		upper(after)
	case "ge":
		lower(s)
	case "gt":
		lower(after)
	case "lt":
		upper(s)
	case "le":
		upper(after)
	}
}
