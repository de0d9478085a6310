package outside_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/internal/outside"
)

func TestOnlyPublicAddressesAreOutside(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.215.14": true, "2606:2800:21f:cb07:6820:80da:af6b:8b2c": true, "::ffff:93.184.215.14": true,
		"172.32.0.1": true, "100.128.0.1": true, "11.0.0.1": true,
		"127.0.0.1": false, "127.255.255.254": false, "::1": false, "::ffff:127.0.0.1": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00::1": false, "fc00::1": false, "::ffff:10.0.0.1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false,
		"224.0.0.1": false, "239.1.2.3": false, "ff02::1": false, "ff0e::1": false,
		"0.0.0.0": false, "::": false, "0.1.2.3": false,
		"100.64.0.1": false, "198.18.0.1": false, "192.0.0.8": false, "255.255.255.255": false, "240.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::1": false, "2001::1": false, "::7f00:1": false, "fec0::1": false,
	} {
		require.Equal(t, want, outside.Public(netip.MustParseAddr(text)), text)
	}
}
