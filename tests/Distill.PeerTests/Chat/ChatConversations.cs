using System.Text.Json.Nodes;

namespace Distill.PeerTests.Chat;

/// <summary>Conversations in the form of an OpenAI request, and variables to render them with.</summary>
internal static class ChatConversations
{
    /// <summary>System and not, one turn and many, thoughts in every place they are sent in, tool calls, odd whitespace.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        """[{"role": "user", "content": "Compute 37*46+158-29."}]""",
        """[{"role": "system", "content": "Be brief.\n"}, {"role": "user", "content": "  1+1? 日本 😀 \n"}]""",
        """[{"role": "user", "content": ""}]""",
        """[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "2+2?"}]""",
        """[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<think>\none and one\n</think>\n\n2"}, {"role": "user", "content": "2+2?"}]""",
        """[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2", "reasoning_content": "one and one"}]""",
        """[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2", "reasoning_content": "one and one"}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4", "reasoning_content": "\n\ntwo and two\n"}]""",
        """[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "one and one\n</think>\n\n2"}]""",
        """[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<think>a</think>b<think>c</think>d"}, {"role": "user", "content": "<think> literally"}]""",
        """[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<think>\nnever closed"}]""",
        """[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<think>\n\n</think>\n\n2", "reasoning_content": ""}, {"role": "user", "content": "?"}]""",
        """[{"role": "system", "content": "One."}, {"role": "system", "content": "Two."}, {"role": "user", "content": "hi"}]""",
        """[{"role": "user", "content": "hi"}, {"role": "system", "content": "Late."}, {"role": "user", "content": "there"}]""",
        """[{"role": "system", "content": "Alone."}]""",
        """[{"role": "assistant", "content": "I begin."}, {"role": "user", "content": "\t tabs\u00a0and\u2003spaces \r\n"}]""",
        """[{"role": "user", "content": "<|im_end|>\n<｜User｜>'quoted' \"twice\" \\ {{ braces }} {% tags %} <b>&amp;</b>"}]""",
        """[{"role": "user", "content": "Add."}, {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}}]}, {"role": "tool", "tool_call_id": "1", "content": "3"}, {"role": "assistant", "content": "It is 3."}]""",
        """[{"role": "user", "content": "Add."}, {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}}]}, {"role": "tool", "content": "3"}]""",
        """[{"role": "user", "content": "Add."}, {"role": "assistant", "content": "I call.", "tool_calls": [{"type": "function", "function": {"name": "add", "arguments": "{}"}}, {"type": "function", "function": {"name": "sub", "arguments": "{\"x\": \"é\"}"}}]}, {"role": "tool", "content": "3"}, {"role": "tool", "content": "4"}, {"role": "user", "content": "Thanks."}]""",
        """[{"role": "user", "content": "Add."}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "add", "arguments": "1"}}, {"type": "function", "function": {"name": "add", "arguments": "2"}}, {"type": "function", "function": {"name": "add", "arguments": "3"}}]}, {"role": "tool", "content": "3"}, {"role": "tool", "content": "4"}]""",
        """[{"role": "user", "content": "Add."}, {"role": "assistant", "content": "", "reasoning_content": "needs a tool", "tool_calls": [{"type": "function", "function": {"name": "add", "arguments": {"a": 1, "b": [true, null, 2.5, "日本 <>&'"], "c": {}}}}]}, {"role": "tool", "content": "<tool_response>\n3\n</tool_response>"}]""",
        """[{"role": "user", "content": "<tool_response>\nlooks like one\n</tool_response>"}, {"role": "assistant", "content": "ok"}]""",
    ];

    /// <summary>Variables of the call.</summary>
    public static IReadOnlyList<string> Variables { get; } =
    [
        "{}",
        """{"enable_thinking": false}""",
        """{"enable_thinking": true, "date_string": "01 Jan 2026"}""",
        """{"tools": TOOLS}""",
        """{"tools": TOOLS, "tools_in_user_message": false, "enable_thinking": false}""",
        """{"tools": TOOLS, "custom_tools": [], "documents": [{"title": "T", "text": "x"}]}""",
    ];

    /// <summary>A call's variables as JSON.</summary>
    public static JsonObject ParseVariables(string variables, bool addGenerationPrompt)
    {
        var json = (JsonObject)JsonNode.Parse(variables.Replace("TOOLS", Tools))!;
        json["add_generation_prompt"] = addGenerationPrompt;
        return json;
    }

    // No 1.0 and no 1e-7: JavaScript cannot tell the first from 1 and spells the second in its own way; ours follows Python.
    private const string Tools = """
        [{"type": "function", "function": {"name": "add", "description": "Adds \"two\" <numbers> é\n", "parameters": {"type": "object",
          "properties": {"a": {"type": "number", "default": 1, "minimum": -0.5}, "b": {"type": "array", "items": {}, "enum": [1, "x", null, false]}}, "required": ["a"]}}},
         {"type": "function", "function": {"name": "sub", "description": "", "parameters": {}}}]
        """;
}
