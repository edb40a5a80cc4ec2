package example

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
)

// Session is a session of gemulator for one test: its own scenarios, counters and journal.
type Session struct {
	Name    string `json:"session"`
	Token   string
	BaseURL string
}

// gemulator makes a session in which a scenario answers, and checks it when the test has ended.
func gemulator(t *testing.T, scenario string) Session {
	t.Helper()
	server := os.Getenv("GEMULATOR_URL")
	if server == "" {
		server = "http://127.0.0.1:8089"
	}
	admin := func(path string, body map[string]any) []byte {
		t.Helper()
		sent, _ := json.Marshal(body)
		request, _ := http.NewRequest("POST", server+"/__emulator"+path, bytes.NewReader(sent))
		request.Header.Set("Accept", "text/plain") // of errors: a report in lines
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatalf("is gemulator running? %v", err)
		}
		defer answer.Body.Close()
		said, _ := io.ReadAll(answer.Body)
		if answer.StatusCode >= 300 {
			t.Fatalf("gemulator: %s", said)
		}
		return said
	}
	session := Session{BaseURL: server + "/v1/projects/demo/locations/global/endpoints/openapi"}
	made := admin("/sessions", map[string]any{"unmatched": "error", "scenarios": map[string]string{"test": scenario}})
	if err := json.Unmarshal(made, &session); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		t.Helper()
		admin("/verify", map[string]any{"session": session.Name, "none_unmatched": true, "times_used": true})
	})
	return session
}

// ask is the code under test: give it the base URL and the key, as you would your own client.
func ask(session Session, text string) (string, error) {
	body, _ := json.Marshal(map[string]any{
		"model":    "google/gemini-3.5-flash",
		"messages": []map[string]string{{"role": "user", "content": text}},
	})
	request, _ := http.NewRequest("POST", session.BaseURL+"/chat/completions", bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+session.Token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	var said struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if json.Unmarshal(raw, &said) != nil || len(said.Choices) == 0 {
		return "", fmt.Errorf("%s: %s", answer.Status, raw)
	}
	return said.Choices[0].Message.Content, nil
}

func TestWeather(t *testing.T) {
	t.Parallel()
	session := gemulator(t, "turns: [{ when: { user: weather }, times: 1, reply: It is sunny. }]")
	if said, err := ask(session, "How is the weather?"); err != nil || said != "It is sunny." {
		t.Errorf("%q, %v", said, err)
	}
}
