package main

import (
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"rollcall/console"
	"rollcall/identity"
	"rollcall/notify"
)

// mailFlags are the settings of mail.
type mailFlags struct {
	SMTP             string `name:"smtp" env:"ROLLCALL_SMTP" placeholder:"HOST:PORT" help:"Mail server that mails go to; without one they are written to a folder."`
	SMTPTLS          string `name:"smtp-tls" enum:"starttls,tls,none" default:"starttls" env:"ROLLCALL_SMTP_TLS" placeholder:"MODE" help:"How the mail server is spoken to: starttls (default), tls from the first byte, or none, on this machine only."`
	SMTPInsecure     bool   `name:"smtp-insecure" env:"ROLLCALL_SMTP_INSECURE" help:"Let --smtp-tls none go over a network, where others can read the links in mails."`
	SMTPUser         string `name:"smtp-user" env:"ROLLCALL_SMTP_USER" placeholder:"NAME" help:"Who signs in at the mail server; together with --smtp-password-file."`
	SMTPPasswordFile string `name:"smtp-password-file" env:"ROLLCALL_SMTP_PASSWORD_FILE" placeholder:"FILE" help:"File with the password; read again for every connection."`
	SMTPCAFile       string `name:"smtp-ca-file" env:"ROLLCALL_SMTP_CA_FILE" placeholder:"FILE" help:"Certificates in PEM to check the mail server's against, instead of the system's."`
	MailFrom         string `name:"mail-from" env:"ROLLCALL_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of mails: an address, or \"Name <address>\"."`
	MailDir          string `name:"mail-dir" env:"ROLLCALL_MAIL_DIR" placeholder:"DIR" help:"Folder that mails are written to without --smtp; by default the folder mail beside the database file, or rollcall-data/mail."`
}

// mailToFolder is the sender of mails that go nowhere, unless one is set; the domain cannot exist (RFC 6761 section 6.4).
const mailToFolder = "Rollcall <rollcall@rollcall.invalid>"

// How mails are sent.
const (
	mailEvery   = 5 * time.Second
	mailsAtOnce = 100
)

// check refuses settings that mails could not be sent with. It reads files and connects to nothing.
func (f *mailFlags) check(baseURL string) error {
	if f.SMTP == "" {
		for _, s := range []struct{ name, value string }{{"smtp-user", f.SMTPUser}, {"smtp-password-file", f.SMTPPasswordFile}, {"smtp-ca-file", f.SMTPCAFile}} {
			if s.value != "" {
				return bad(s.name, "it is for a mail server, and none is set; set --smtp too")
			}
		}
		if f.MailFrom == "" {
			return nil
		}
	}
	if f.SMTP != "" {
		switch {
		case f.MailDir != "":
			return bad("mail-dir smtp", "mails go to a mail server or to a folder; use one of the two")
		case f.MailFrom == "":
			return bad("mail-from", "a mail server wants to know the sender; set it to an address of yours")
		case baseURL == "":
			return bad("base-url", "mails have links to this server; say with it how people reach the server")
		}
		if _, err := notify.NewSMTP(f.smtp()); err != nil {
			return bad("smtp", "%w", err)
		}
	}
	if _, err := notify.ParseSender(f.MailFrom); err != nil {
		return bad("mail-from", "%w", err)
	}
	return nil
}

func (f *mailFlags) smtp() notify.SMTPOptions {
	return notify.SMTPOptions{Address: f.SMTP, TLS: notify.TLSMode(f.SMTPTLS), Insecure: f.SMTPInsecure, CAFile: f.SMTPCAFile,
		User: f.SMTPUser, PasswordFile: f.SMTPPasswordFile}
}

// folder is where mails are written without a mail server.
func (f *mailFlags) folder(s storeFlag) string {
	if f.MailDir != "" {
		return f.MailDir
	}
	file, local := strings.CutPrefix(s.Database, "sqlite:")
	if !local {
		return filepath.Join("rollcall-data", "mail")
	}
	return filepath.Join(filepath.Dir(file), "mail")
}

// deliverer returns what delivers the outbox.
func (f *mailFlags) deliverer(a *app, s storeFlag, service *identity.Service, baseURL string, logger *slog.Logger) (*notify.Deliverer, error) {
	o := notify.Options{Service: service, From: or(f.MailFrom, mailToFolder), BaseURL: baseURL,
		LinkPath: console.LinkPath + "?" + console.LinkKey + "=", Log: logger}
	if f.SMTP == "" {
		folder := f.folder(s)
		a.say("No --smtp is set: mails are written to %s.", folder)
		o.Transport = notify.NewFolder(folder, logger)
		return notify.New(o)
	}
	transport, err := notify.NewSMTP(f.smtp())
	if err != nil {
		return nil, err
	}
	o.Transport = transport
	return notify.New(o)
}
