"""Interpreted languages, and those of the web and of databases."""

from gemulator.generate.text.languages.code_language import Program

SCRIPTS = {
    "typescript": Program(
        "TypeScript",
        "ts",
        "typescript|tsx?",
        "camel",
        """\
/** DOC */
export function NAME(items: string[]): string[] {
  const seen = new Set<string>();
  return items
    .map((item) => item.trim())
    .filter((item) => item !== "" && !seen.has(item) && seen.add(item));
}

console.log(NAME(["pear", " apple ", "pear"]));""",
    ),
    "javascript": Program(
        "JavaScript",
        "js",
        r"javascript|js|node(?:\.js)?|react|vue",
        "camel",
        """\
// DOC
function NAME(items) {
  const result = [];
  for (const item of items) {
    if (!result.includes(item)) {
      result.push(item);
    }
  }
  return result;
}

console.log(NAME(["pear", "apple", "pear"]));""",
    ),
    "ruby": Program(
        "Ruby",
        "ruby",
        "ruby|rails",
        "snake",
        """\
# DOC
def NAME(items)
  items.map(&:strip).reject(&:empty?).uniq
end

puts NAME(["pear", " apple ", "pear"])""",
    ),
    "php": Program(
        "PHP",
        "php",
        "php",
        "camel",
        """\
<?php

/** DOC */
function NAME(array $items): array
{
    return array_values(array_unique(array_filter(array_map('trim', $items))));
}

print_r(NAME(['pear', ' apple ', 'pear']));""",
    ),
    "bash": Program(
        "Bash",
        "bash",
        "bash|shell|zsh|sh",
        "snake",
        """\
#!/usr/bin/env bash
set -euo pipefail

# DOC
NAME() {
  for item in "$@"; do
    printf '%s\\n' "$item"
  done | sort -u
}

NAME "pear" "apple" "pear\"""",
    ),
    "sql": Program(
        "SQL",
        "sql",
        "sql|postgres(?:ql)?|mysql|sqlite",
        "snake",
        """\
-- DOC
SELECT name, COUNT(*) AS total
FROM NAME
WHERE created_at >= '2026-01-01'
GROUP BY name
ORDER BY total DESC
LIMIT 10;""",
    ),
    "html": Program(
        "HTML",
        "html",
        "html",
        "kebab",
        """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>DOC</title>
  </head>
  <body>
    <main id="NAME">
      <h1>DOC</h1>
      <p>It begins here.</p>
    </main>
  </body>
</html>""",
    ),
    "css": Program(
        "CSS",
        "css",
        "css",
        "kebab",
        """\
/* DOC */
.NAME {
  display: grid;
  gap: 1rem;
  max-width: 60ch;
  margin: 2rem auto;
  color: #1d2433;
}

.NAME:hover {
  color: #0a5;
}""",
    ),
    "python": Program(
        "Python",
        "python",
        "python|django|flask|fastapi|pandas",
        "snake",
        '''\
def NAME(items: list[str]) -> list[str]:
    """DOC"""
    result = []
    for item in items:
        cleaned = item.strip()
        if cleaned and cleaned not in result:
            result.append(cleaned)
    return result


if __name__ == "__main__":
    print(NAME(["pear", " apple ", "pear"]))''',
    ),
}
