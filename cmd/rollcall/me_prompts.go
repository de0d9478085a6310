package main

import (
	"io"
	"net/url"

	"rollcall/admin"
)

type mePromptsCmd struct {
	Show  mePromptsShowCmd  `cmd:"" default:"withargs" help:"Show what you are asked after signing in."`
	Later mePromptsLaterCmd `cmd:"" help:"Put a prompt off until you sign in again."`
}

type mePromptsShowCmd struct{ meFlags }

// Run lists the prompts.
func (c *mePromptsShowCmd) Run(a *app) error {
	return c.on(a, func(api *apiClient) error {
		var asked struct {
			Prompts seen[[]admin.Prompt]
		}
		if err := api.get("/me/prompts", nil, &asked); err != nil {
			return err
		}
		return a.show(asked.Prompts.raw, func(w io.Writer) error {
			rows := make([][]string, len(asked.Prompts.is))
			for i, p := range asked.Prompts.is {
				rows[i] = []string{p.ID, p.Organization.Name, promptText(p)}
			}
			return table(w, []string{"PROMPT", "ORGANIZATION", ""}, rows)
		})
	})
}

// promptText says what is asked, and by which command to answer.
func promptText(p admin.Prompt) string {
	if p.ID != "ORG_DELETE_REMINDER" {
		return ""
	}
	return "it has only free subscriptions; if you do not need it: rollcall org delete"
}

type mePromptsLaterCmd struct {
	meFlags
	Prompt string `arg:"" help:"The prompt, as rollcall me prompts shows it."`
}

// Run puts it off.
func (c *mePromptsLaterCmd) Run(a *app) error {
	return c.on(a, func(api *apiClient) error {
		err := api.post("/me/prompts/"+url.PathEscape(c.Prompt)+"/remind-later", nil, nil)
		if err == nil {
			a.say("You are asked again once you have signed in again.")
		}
		return err
	})
}
