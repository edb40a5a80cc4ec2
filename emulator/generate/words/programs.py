"""Programming languages: what prompts call them, and what a first function looks like in each."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Program:
    """`names` is a pattern; in `code`, NAME is the function's name in `style` and DOC a line of text."""

    label: str
    fence: str
    names: str
    style: Literal["snake", "camel", "pascal", "kebab"]
    code: str


PROGRAMS = {
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
    "java": Program(
        "Java",
        "java",
        "java",
        "camel",
        """\
import java.util.LinkedHashSet;
import java.util.List;

public class Main {
    /** DOC */
    static List<String> NAME(List<String> items) {
        return List.copyOf(new LinkedHashSet<>(items));
    }

    public static void main(String[] args) {
        System.out.println(NAME(List.of("pear", "apple", "plum")));
    }
}""",
    ),
    "kotlin": Program(
        "Kotlin",
        "kotlin",
        "kotlin",
        "camel",
        """\
/** DOC */
fun NAME(items: List<String>): List<String> =
    items.map { it.trim() }.filter { it.isNotEmpty() }.distinct()

fun main() {
    println(NAME(listOf("pear", " apple ", "pear")))
}""",
    ),
    "csharp": Program(
        "C#",
        "csharp",
        r"c#|csharp|\.net",
        "pascal",
        """\
using System;
using System.Collections.Generic;
using System.Linq;

// DOC
static List<string> NAME(IEnumerable<string> items) =>
    items.Select(item => item.Trim()).Where(item => item != "").Distinct().ToList();

Console.WriteLine(string.Join(", ", NAME(new[] { "pear", " apple ", "pear" })));""",
    ),
    "cpp": Program(
        "C++",
        "cpp",
        r"c\+\+|cpp",
        "snake",
        """\
#include <iostream>
#include <string>
#include <vector>

// DOC
std::vector<std::string> NAME(const std::vector<std::string>& items) {
    std::vector<std::string> result;
    for (const auto& item : items) {
        if (!item.empty()) {
            result.push_back(item);
        }
    }
    return result;
}

int main() {
    for (const auto& item : NAME({"pear", "", "apple"})) {
        std::cout << item << '\\n';
    }
}""",
    ),
    "go": Program(
        "Go",
        "go",
        "golang|go (?:function|code|program|script)|in go",
        "camel",
        """\
package main

import "fmt"

// NAME: DOC
func NAME(items []string) []string {
	var result []string
	for _, item := range items {
		if item != "" {
			result = append(result, item)
		}
	}
	return result
}

func main() {
	fmt.Println(NAME([]string{"pear", "", "apple"}))
}""",
    ),
    "rust": Program(
        "Rust",
        "rust",
        "rust",
        "snake",
        """\
/// DOC
fn NAME(items: &[&str]) -> Vec<String> {
    items
        .iter()
        .map(|item| item.trim().to_string())
        .filter(|item| !item.is_empty())
        .collect()
}

fn main() {
    println!("{:?}", NAME(&["pear", " apple ", ""]));
}""",
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
    "swift": Program(
        "Swift",
        "swift",
        "swift",
        "camel",
        """\
/// DOC
func NAME(_ items: [String]) -> [String] {
    items.filter { !$0.isEmpty }
}

print(NAME(["pear", "", "apple"]))""",
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
    "c": Program(
        "C",
        "c",
        "in c|c (?:function|program|code)",
        "snake",
        """\
#include <stdio.h>

/* DOC */
static int NAME(const int *items, int count) {
    int total = 0;
    for (int i = 0; i < count; i++) {
        total += items[i];
    }
    return total;
}

int main(void) {
    int items[] = {3, 5, 8};
    printf("%d\\n", NAME(items, 3));
    return 0;
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
