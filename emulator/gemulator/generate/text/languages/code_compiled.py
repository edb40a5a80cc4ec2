"""Compiled programming languages."""

from gemulator.generate.text.languages.code_language import Program

COMPILED = {
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
}
