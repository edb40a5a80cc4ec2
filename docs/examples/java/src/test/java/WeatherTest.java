import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WeatherTest {
  static final String SERVER = Optional.ofNullable(System.getenv("GEMULATOR_URL")).orElse("http://127.0.0.1:8089");
  static final HttpClient HTTP = HttpClient.newHttpClient();

  String session; // of gemulator, for one test: its own scenarios, counters and journal
  String token; // the API key with which a client is in it

  @BeforeEach
  void open() throws Exception {
    String made = admin("/sessions", "{\"unmatched\": \"error\"}");
    session = value("session", made);
    token = value("token", made);
  }

  @AfterEach
  void verify() throws Exception {
    admin("/verify", "{\"session\": \"" + session + "\", \"none_unmatched\": true, \"times_used\": true}");
  }

  @Test
  void itAsksForTheWeather() throws Exception {
    admin("/scenarios?session=" + session, "turns: [{ when: { user: weather }, times: 1, reply: It is sunny. }]");
    assertTrue(ask("How is the weather?").contains("\"It is sunny.\""));
  }

  /** The code under test: give it the base URL and the key, as you would your own client. */
  String ask(String text) throws IOException, InterruptedException {
    String base = SERVER + "/v1/projects/demo/locations/global/endpoints/openapi";
    String body = "{\"model\": \"google/gemini-3.5-flash\", \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]}";
    HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/chat/completions"))
        .header("Authorization", "Bearer " + token)
        .POST(BodyPublishers.ofString(body.formatted(text)))
        .build();
    return HTTP.send(request, BodyHandlers.ofString()).body();
  }

  static String admin(String path, String body) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(SERVER + "/__emulator" + path))
        .header("Accept", "text/plain") // of errors: a report in lines
        .POST(BodyPublishers.ofString(body))
        .build();
    HttpResponse<String> answer = HTTP.send(request, BodyHandlers.ofString());
    assertEquals(2, answer.statusCode() / 100, answer::body);
    return answer.body();
  }

  /** A text of a flat JSON object; your JSON library does it as well. */
  static String value(String key, String json) {
    Matcher found = Pattern.compile("\"" + key + "\": ?\"([^\"]*)\"").matcher(json);
    assertTrue(found.find(), json);
    return found.group(1);
  }
}
