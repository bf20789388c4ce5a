package e2e

import (
	"context"
	"io"
	"log"
)

// quiet takes what the gates' servers say about connections that are cut, as many are here.
var quiet = log.New(io.Discard, "", 0)

type exchangeKey struct{}

func withExchange(ctx context.Context, e *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, e)
}

func exchangeOf(ctx context.Context) *exchange {
	return ctx.Value(exchangeKey{}).(*exchange)
}
