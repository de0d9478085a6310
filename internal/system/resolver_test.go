package system_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"rollcall/identity"
	"rollcall/internal/system"
)

// nameServer answers over UDP what answer says of a name.
func nameServer(t *testing.T, answer func(name string, b *dnsmessage.Builder) dnsmessage.RCode) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return // closed
			}
			if reply := replyTo(buffer[:n], answer); reply != nil {
				_, _ = conn.WriteTo(reply, from) // a lost answer is what a name server may do
			}
		}
	}()
	return conn.LocalAddr().String()
}

func replyTo(query []byte, answer func(string, *dnsmessage.Builder) dnsmessage.RCode) []byte {
	var p dnsmessage.Parser
	header, err := p.Start(query)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	build := func(code dnsmessage.RCode) (*dnsmessage.Builder, error) {
		b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: header.ID, Response: true, RecursionAvailable: true, RCode: code})
		if err := b.StartQuestions(); err != nil {
			return nil, err
		}
		if err := b.Question(q); err != nil {
			return nil, err
		}
		return &b, b.StartAnswers()
	}
	b, err := build(dnsmessage.RCodeSuccess)
	if err != nil {
		return nil
	}
	if code := answer(q.Name.String(), b); code != dnsmessage.RCodeSuccess {
		if b, err = build(code); err != nil {
			return nil
		}
	}
	reply, err := b.Finish()
	if err != nil {
		return nil
	}
	return reply
}

func txt(b *dnsmessage.Builder, name string, texts ...string) {
	_ = b.TXTResource(dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET}, dnsmessage.TXTResource{TXT: texts})
}

func TestDOM01_WhatTheDNSSays(t *testing.T) {
	server := nameServer(t, func(name string, b *dnsmessage.Builder) dnsmessage.RCode {
		switch name {
		case "one.example.":
			txt(b, name, "v=1")
		case "several.example.":
			txt(b, name, "v=1")
			txt(b, name, "v=2")
		case "split.example.":
			txt(b, name, "one record ", "in two strings")
		case "alias.example.":
			_ = b.CNAMEResource(dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET},
				dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("target.example.")})
			txt(b, "target.example.", "of the target")
		case "other.example.":
		case "broken.example.":
			return dnsmessage.RCodeServerFailure
		case "refused.example.":
			return dnsmessage.RCodeRefused
		default:
			return dnsmessage.RCodeNameError
		}
		return dnsmessage.RCodeSuccess
	})
	for name, c := range map[string]struct {
		texts []string
		kind  identity.Kind
	}{
		"one.example":     {texts: []string{"v=1"}},
		"several.example": {texts: []string{"v=1", "v=2"}},
		"split.example":   {texts: []string{"one record in two strings"}},
		"alias.example":   {texts: []string{"of the target"}},
		"other.example":   {kind: identity.NotFound},
		"none.example":    {kind: identity.NotFound},
		"broken.example":  {kind: identity.Unavailable},
		"refused.example": {kind: identity.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			texts, err := system.Resolver{Server: server}.TXT(t.Context(), name)
			if c.kind != identity.Internal {
				require.Error(t, err)
				require.Equal(t, c.kind, identity.KindOf(err), "%v", err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.texts, texts)
		})
	}
}

func TestDOM01_ANameServerThatIsSilentIsNotAnAnswer(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	_, err = system.Resolver{Server: conn.LocalAddr().String()}.TXT(t.Context(), "one.example")
	require.Equal(t, identity.Unavailable, identity.KindOf(err), "%v", err)
}

func TestDOM16_NothingIsRemembered(t *testing.T) {
	asked := 0
	server := nameServer(t, func(name string, b *dnsmessage.Builder) dnsmessage.RCode {
		if asked++; asked == 1 {
			return dnsmessage.RCodeNameError
		}
		txt(b, name, "now")
		return dnsmessage.RCodeSuccess
	})
	_, err := system.Resolver{Server: server}.TXT(t.Context(), "late.example")
	require.Equal(t, identity.NotFound, identity.KindOf(err), "%v", err)
	texts, err := system.Resolver{Server: server}.TXT(t.Context(), "late.example")
	require.NoError(t, err)
	require.Equal(t, []string{"now"}, texts)
}
