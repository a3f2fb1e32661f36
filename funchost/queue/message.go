package queue

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// MaxText is the service's limit for a message's text, encoding included.
const MaxText = 64 << 10

// ErrTooLarge says that a body exceeds MaxText once encoded.
var ErrTooLarge = errors.New("message exceeds 64 KiB after encoding")

// Message is a received message, decoded.
type Message struct {
	ID, PopReceipt                 string
	Body                           []byte
	DequeueCount                   int64
	Inserted, Expires, NextVisible time.Time
}

// Encode makes a message's text; without base64 the body must be UTF-8.
func Encode(body []byte, asBase64 bool) (string, error) {
	text := string(body)
	if asBase64 {
		text = base64.StdEncoding.EncodeToString(body)
	} else if !utf8.Valid(body) {
		return "", errors.New("message is not valid UTF-8, and messageEncoding is none")
	}
	if len(text) > MaxText {
		return "", fmt.Errorf("%w: %d bytes", ErrTooLarge, len(text))
	}
	return text, nil
}

func decode(text string, asBase64 bool) ([]byte, error) {
	if !asBase64 {
		return []byte(text), nil
	}
	return base64.StdEncoding.DecodeString(text)
}

// received is a message as the service gave it, with the receipt and text that
// later calls need.
type received struct {
	Message
	text string
}

func read(m *azqueue.DequeuedMessage) received {
	return received{
		text: value(m.MessageText),
		Message: Message{
			ID: value(m.MessageID), PopReceipt: value(m.PopReceipt), DequeueCount: value(m.DequeueCount),
			Inserted: value(m.InsertionTime), Expires: value(m.ExpirationTime), NextVisible: value(m.TimeNextVisible),
		},
	}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
