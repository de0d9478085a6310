package store_test

import (
	"testing"

	"rollcall/identity"
	"rollcall/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) identity.Store { return openStore(t) })
}
