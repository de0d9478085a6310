// Package notify delivers the outbox: it turns messages into mails and hands them to a mail server, or to a folder where none is
// set up, and it sends work orders to the services that have people's content.
//
// Its one idea: a message is claimed, sent and then settled, one at a time. Whoever dies in between leaves a lease that runs out,
// so every message is delivered at least once (NTF-06), under the same id each time. A message that cannot be sent is put
// off and does not stand in the way of the others.
//
// It must not know why a message was written, nor where it is stored. It decides nothing about accounts, and nothing that it
// logs or gives back holds the secret of a link or the one that orders are signed with.
package notify
