package example

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// Session is a session of gemulator for one test: its own scenarios, counters and journal.
type Session struct{ BaseURL, Token string }

func gemulator(t *testing.T, scenario string) Session {
	t.Helper()
	server := os.Getenv("GEMULATOR_URL")
	if server == "" {
		server = "http://127.0.0.1:8089"
	}
	name := strings.NewReplacer("/", "-", ".", "-").Replace(t.Name())
	admin := func(path, body string) {
		t.Helper()
		answer, err := http.Post(server+"/__emulator"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatalf("is gemulator running? %v", err)
		}
		defer answer.Body.Close()
		if answer.StatusCode >= 300 {
			var said bytes.Buffer
			said.ReadFrom(answer.Body)
			t.Errorf("gemulator: %s", said.String())
		}
	}
	admin("/sessions", `{"session": "`+name+`", "unmatched": "error"}`)
	admin("/sessions/"+name+"/reset", "")
	admin("/scenarios?session="+url.QueryEscape(name), scenario)
	t.Cleanup(func() {
		admin("/verify", `{"session": "`+name+`", "none_unmatched": true, "times_used": true}`)
	})
	return Session{server + "/v1/projects/demo/locations/global/endpoints/openapi", "emulator." + name}
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
	var said struct {
		Choices []struct{ Message struct{ Content string } }
	}
	err = json.NewDecoder(answer.Body).Decode(&said)
	return said.Choices[0].Message.Content, err
}

func TestWeather(t *testing.T) {
	t.Parallel()
	session := gemulator(t, "turns: [{ when: { user: weather }, times: 1, reply: It is sunny. }]")
	if said, err := ask(session, "How is the weather?"); err != nil || said != "It is sunny." {
		t.Errorf("%q, %v", said, err)
	}
}
