// Package agents has the tool loop of openai-go: the hint where it drops signatures, and the ways on that the hint names.
package agents

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
)

const answer = "It is 21 °C in Paris, and your room is booked."

var results = map[string]string{"get_weather": `{"celsius": 21}`, "book_hotel": `{"booked": true}`}

// start starts a server with the scenario of the other clients and returns its base URL.
func start(t *testing.T) string {
	t.Helper()
	program := os.Getenv("GEMULATOR")
	if program == "" {
		program = "../../../.venv/bin/gemulator"
	}
	server := exec.Command(program, "serve", "--port", "0", "--log-format", "off", "--scenarios", "../trip.yaml")
	output, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
	})
	url := regexp.MustCompile(`OPENAI_BASE_URL=(\S+openapi)`)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if found := url.FindStringSubmatch(lines.Text()); found != nil {
			return found[1]
		}
	}
	t.Fatal("the server did not say its URL")
	return ""
}

// loop runs the tools until the model has answered. `back` makes the message that is sent back.
func loop(client openai.Client, back func(openai.ChatCompletionMessage) openai.ChatCompletionMessageParamUnion) (string, error) {
	params := openai.ChatCompletionNewParams{
		Model:    "google/gemini-3.1-pro-preview",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Plan my trip to Paris.")},
	}
	for name := range results {
		properties := map[string]any{"city": map[string]string{"type": "string"}}
		function := openai.FunctionDefinitionParam{
			Name:       name,
			Parameters: openai.FunctionParameters{"type": "object", "properties": properties},
		}
		params.Tools = append(params.Tools, openai.ChatCompletionFunctionTool(function))
	}
	for {
		completion, err := client.Chat.Completions.New(context.Background(), params)
		if err != nil {
			return "", err
		}
		message := completion.Choices[0].Message
		if len(message.ToolCalls) == 0 {
			return message.Content, nil
		}
		params.Messages = append(params.Messages, back(message))
		for _, call := range message.ToolCalls {
			params.Messages = append(params.Messages, openai.ToolMessage(results[call.Function.Name], call.ID))
		}
	}
}

// whole sends a message back as it came, with all its fields.
func whole(message openai.ChatCompletionMessage) openai.ChatCompletionMessageParamUnion {
	return param.Override[openai.ChatCompletionMessageParamUnion](json.RawMessage(message.RawJSON()))
}

func clientOf(url string, more ...option.RequestOption) openai.Client {
	options := []option.RequestOption{option.WithBaseURL(url), option.WithAPIKey("emulator"), option.WithMaxRetries(0)}
	return openai.NewClient(append(options, more...)...)
}

func TestToolLoop(t *testing.T) {
	url := start(t)
	parts := openai.ChatCompletionMessage.ToParam

	t.Run("the hint says cause and remedy", func(t *testing.T) {
		_, err := loop(clientOf(url), parts)
		var refused *openai.Error
		if !errors.As(err, &refused) || refused.StatusCode != 400 {
			t.Fatalf("expected a 400, got %v", err)
		}
		hint := refused.Response.Header.Get("x-emulator-hint")
		for _, says := range []string{"the call `get_weather` came back without its `extra_content`", "; to go on: keep the assistant message"} {
			if !strings.Contains(hint, says) {
				t.Errorf("hint %q does not say %q", hint, says)
			}
		}
	})

	t.Run("messages kept as they came go on", func(t *testing.T) {
		expect(t, clientOf(url), whole)
	})

	t.Run("a lenient request goes on", func(t *testing.T) {
		expect(t, clientOf(url, option.WithHeader("x-emulator-strictness", "lenient")), parts)
	})
}

func expect(t *testing.T, client openai.Client, back func(openai.ChatCompletionMessage) openai.ChatCompletionMessageParamUnion) {
	t.Helper()
	said, err := loop(client, back)
	if err != nil || said != answer {
		t.Fatalf("expected %q, got %q, %v", answer, said, err)
	}
}
