package main

import (
	"context"
	"log/slog"
	"time"

	"rollcall/identity"
	"rollcall/internal/worker"
	"rollcall/notify"
)

// ordersFlags are the settings of work orders.
type ordersFlags struct {
	OrdersURL        string `name:"orders-url" env:"ROLLCALL_ORDERS_URL" placeholder:"URL" help:"Where the services that have people's content get work orders, to transfer or purge it; without it orders wait."`
	OrdersSecretFile string `name:"orders-secret-file" env:"ROLLCALL_ORDERS_SECRET_FILE" placeholder:"FILE" help:"File with the secret that work orders are signed with: whsec_ and random bytes in base64. Several lines sign with each; read again every time."`
}

// How work orders are sent.
const (
	ordersEvery      = 5 * time.Second
	ordersAtOnce     = 100
	ordersWatchEvery = time.Hour // whether orders wait that nobody gets
)

// check refuses settings that work orders could not be sent with. It reads the file and connects to nothing.
func (f *ordersFlags) check() error {
	switch {
	case f.OrdersURL == "" && f.OrdersSecretFile == "":
		return nil
	case f.OrdersURL == "":
		return bad("orders-secret-file", "it is for work orders, and nobody gets them; set --orders-url too")
	case f.OrdersSecretFile == "":
		return bad("orders-url", "whoever gets work orders must know whom they are from; set --orders-secret-file too")
	}
	if err := notify.CheckOrdersURL(f.OrdersURL); err != nil {
		return bad("orders-url", "%w", err)
	}
	if _, err := f.orders(nil, nil); err != nil {
		return bad("orders-secret-file", "%w", err)
	}
	return nil
}

func (f *ordersFlags) orders(service *identity.Service, logger *slog.Logger) (*notify.Orders, error) {
	return notify.NewOrders(notify.OrderOptions{Service: service, URL: f.OrdersURL, SecretFile: f.OrdersSecretFile, Log: logger})
}

// ordersTask sends work orders, or tells that they wait because nobody gets them.
func (f *ordersFlags) ordersTask(service *identity.Service, logger *slog.Logger) (worker.Task, error) {
	if f.OrdersURL == "" {
		return worker.Task{Name: "work orders", Every: ordersWatchEvery, Run: tellWaitingOrders(service, logger)}, nil
	}
	o, err := f.orders(service, logger)
	if err != nil {
		return worker.Task{}, err
	}
	return worker.Task{Name: "work orders", Every: ordersEvery, Run: worker.Drain(ordersAtOnce, o.Deliver)}, nil
}

// tellWaitingOrders logs that work orders wait. Nothing else would tell: they are lost to nobody, and nobody works on them.
func tellWaitingOrders(service *identity.Service, logger *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		due, err := service.Reader().MessagesDue(ctx, identity.ByOrder, service.Now(), 1)
		if err == nil && len(due) > 0 {
			logger.WarnContext(ctx, "work orders wait, and nobody gets them", "since", due[0].CreatedAt, "remedy", "set --orders-url and --orders-secret-file")
		}
		return err
	}
}
