using System.Text.Json;
using Distill.Prompts;
using Distill.Tests.Verification.Code;
using Distill.Verification;
using Distill.Verification.Instructions;
using Xunit;

namespace Distill.Tests.Verification;

/// <summary>Expected values follow from the descriptions of the instructions.</summary>
public sealed class IfEvalVerifierTests
{
    [Theory]
    [InlineData("keywords:existence", """{"keywords":["mom","Mother"]}""", "My MOM is a mother.", "My mom.")]
    [InlineData("keywords:frequency", """{"keyword":"war","frequency":2,"relation":"at least"}""", "War and WAR.", "One war.")]
    [InlineData("keywords:frequency", """{"keyword":"war","frequency":2,"relation":"less than"}""", "One war.", "War and war.")]
    [InlineData("keywords:forbidden_words", """{"forbidden_words":["rock"]}""", "The rocket rocks.", "A Rock, there.")]
    [InlineData("keywords:letter_frequency", """{"letter":"q","let_frequency":2,"let_relation":"at least"}""", "Quick, quiet.", "Quick.")]
    [InlineData("keywords:letter_frequency", """{"letter":"!","let_frequency":3,"let_relation":"less than"}""", "Hey!!", "Hey!!!")]
    [InlineData("language:response_language", """{"language":"de"}""", "Das ist ein Satz, und er ist nicht lang.", "This is a sentence, and it is not long.")]
    [InlineData("language:response_language", """{"language":"hi"}""", "यह एक वाक्य है और यह लंबा नहीं है।", "हे एक वाक्य आहे आणि ते मोठे नाही.")]
    [InlineData("language:response_language", """{"language":"ko"}""", "이것은 문장입니다.", "This is a sentence.")]
    [InlineData("length_constraints:number_sentences", """{"num_sentences":3,"relation":"at least"}""", "One. Two! Is it three?", "Dr. Smith has 3.5 apples. He left.")]
    [InlineData("length_constraints:number_sentences", """{"num_sentences":3,"relation":"less than"}""", "Mr. and Mrs. Jones came at 5 p.m. yesterday. All was well.", "One. Two. Three.")]
    [InlineData("length_constraints:number_paragraphs", """{"num_paragraphs":2}""", "One\n***\nTwo", "One\n\nTwo")]
    [InlineData("length_constraints:number_paragraphs", """{"num_paragraphs":2}""", "***\nOne\n***\nTwo\n***", "One\n***\n***\nTwo")]
    [InlineData("length_constraints:number_words", """{"num_words":4,"relation":"at least"}""", "It's three-fold", "One two three")]
    [InlineData("length_constraints:nth_paragraph_first_word", """{"num_paragraphs":2,"nth_paragraph":2,"first_word":"summary"}""", "One.\n\n\"Summary, two.", "Summary.\n\nTwo.")]
    [InlineData("detectable_content:number_placeholders", """{"num_placeholders":2}""", "Dear [name], at [place].", "Dear [name].")]
    [InlineData("detectable_content:postscript", """{"postscript_marker":"P.S."}""", "Bye.\nP.S. Bring tea.", "Bye.")]
    [InlineData("detectable_content:postscript", """{"postscript_marker":"P.P.S"}""", "Bye.\np.p.s bring tea.", "Bye.\nP.S. tea")]
    [InlineData("detectable_format:number_bullet_lists", """{"num_bullets":2}""", "* one\n- two", "* one\n* two\n* three")]
    [InlineData("detectable_format:number_bullet_lists", """{"num_bullets":1}""", "**bold**\n* one", "**bold**")]
    [InlineData("detectable_format:constrained_response", "{}", "Hm. My answer is maybe.", "My answer: maybe")]
    [InlineData("detectable_format:number_highlighted_sections", """{"num_highlights":2}""", "*one* and **two**", "*one* and * *")]
    [InlineData("detectable_format:multiple_sections", """{"section_spliter":"SECTION","num_sections":2}""", "SECTION 1\na\nSECTION 2\nb", "SECTION 1\na\nSection 2")]
    [InlineData("detectable_format:json_format", "{}", "```json\n{\"a\": [1]}\n```", "a: 1")]
    [InlineData("detectable_format:title", "{}", "<<On tea>>\nTea.", "<< >>\nTea.")]
    [InlineData("combination:two_responses", "{}", "One.\n******\nTwo.", "One.\n******\nOne.")]
    [InlineData("combination:repeat_prompt", """{"prompt_to_repeat":"Write a poem."}""", "write a poem. Here: roses.", "Here: roses.")]
    [InlineData("startend:end_checker", """{"end_phrase":"That is all."}""", "Well. \"That is ALL.\"", "That is all. Bye.")]
    [InlineData("startend:quotation", "{}", "\"All of it.\"", "\"Some\" of it.")]
    [InlineData("change_case:capital_word_frequency", """{"capital_frequency":2,"capital_relation":"at least"}""", "THE END is near.", "The END is near.")]
    [InlineData("change_case:english_capital", "{}", "THE END OF IT IS HERE.", "THE END Of IT.")]
    [InlineData("change_case:english_lowercase", "{}", "the end of it is here.", "The end of it.")]
    [InlineData("punctuation:no_comma", "{}", "No such mark.", "One, two.")]
    [InlineData("length_constraints:number_words", """{"num_words":3,"relation":"at least"}""", "हिन्दी", "हिम")] // ह, न, द and ह, म: signs of vowels are no letters
    [InlineData("change_case:capital_word_frequency", """{"capital_frequency":2,"capital_relation":"at least"}""", "AT&T", "AND/OR")]
    [InlineData("detectable_format:number_bullet_lists", """{"num_bullets":2}""", "*\none\n\n* two", "**\n* two")]
    [InlineData("keywords:forbidden_words", """{"forbidden_words":["can't"]}""", "I cannot.", "I can't.")]
    [InlineData("keywords:frequency", """{"keyword":"art","frequency":2,"relation":"at least"}""", "The start of art.", "The art.")] // parts of words count
    [InlineData("length_constraints:number_words", """{"num_words":4,"relation":"less than"}""", "One two-three", "It's a test")] // It, s, a, test
    [InlineData("length_constraints:nth_paragraph_first_word", """{"num_paragraphs":2,"nth_paragraph":1,"first_word":"well"}""", "'Well, one.\n\nTwo.", "Well.\n\nTwo.\n\nThree.")]
    [InlineData("detectable_format:number_bullet_lists", """{"num_bullets":3}""", "- one\n  - two\n---", "- one\n\t- two")] // a rule of dashes begins with one
    [InlineData("detectable_format:number_highlighted_sections", """{"num_highlights":1}""", "**bold**", "***")]
    [InlineData("detectable_format:title", "{}", "Tea: <<a>>.", "<<a\nb>>")]
    [InlineData("detectable_format:multiple_sections", """{"section_spliter":"Day","num_sections":2}""", "Day 1 and Day2", "Day one, Day 2")]
    [InlineData("detectable_content:number_placeholders", """{"num_placeholders":1}""", "[]", "[a\nb]")]
    [InlineData("detectable_content:postscript", """{"postscript_marker":"P.S."}""", "p. s. tea", "P.S tea")]
    [InlineData("startend:end_checker", """{"end_phrase":" Any questions? "}""", "Done. any questions?", "Any questions? No")]
    [InlineData("combination:two_responses", "{}", "One ****** Two", "One. ****** Two. ****** Three.")]
    [InlineData("combination:repeat_prompt", """{"prompt_to_repeat":" Write. "}""", "  WRITE. So.", "\"Write.\" So.")]
    [InlineData("change_case:capital_word_frequency", """{"capital_frequency":3,"capital_relation":"less than"}""", "NASA and I.", "NASA, FBI, CIA.")]
    [InlineData("language:response_language", """{"language":"es"}""", "Esta es una frase en español, y no es muy larga.", "This is a sentence, and it is not long.")]
    public void AnInstructionIsFollowedOrNot(string kind, string arguments, string follows, string doesNot)
    {
        Assert.Equal("followed", Judge([kind], [arguments], follows).Reason);
        Assert.NotEqual("followed", Judge([kind], [arguments], doesNot).Reason);
    }

    [Fact]
    public void AllMustHoldAndThoseThatDoNotAreNamed()
    {
        string[] kinds = ["punctuation:no_comma", "startend:quotation", "detectable_format:title"];

        Verdict verdict = Judge(kinds, ["{}", "{}", "{}"], "\"<<A>> b, c\"");

        Assert.Equal((Outcome.Incorrect, "punctuation:no_comma"), (verdict.Outcome, verdict.ExtractedAnswer));
    }

    [Theory]
    [InlineData("Sure, here it is:\n\"All of it.\"")]
    [InlineData("\"All of it.\"\nHope that helps")]
    [InlineData("**\"All of it.\"**")]
    public void WhatHoldsOnlyLooselyIsSaidSo(string answer) => Assert.Equal((Outcome.Incorrect, "followed_loosely"), (Judge(["startend:quotation"], ["{}"], answer).Outcome, Judge(["startend:quotation"], ["{}"], answer).Reason));

    [Fact]
    public void AnEmptyAnswerFollowsNothing() => Assert.Equal(Outcome.Incorrect, Judge(["punctuation:no_comma"], ["{}"], "").Outcome);

    [Fact]
    public void AnUnknownInstructionIsNotGuessed() => Assert.Equal("unknown_instruction", Judge(["tone:polite"], ["{}"], "Please.").Reason);

    [Fact]
    public void EveryInstructionOfTheBenchmarkIsKnownAndChecked()
    {
        int instructions = 0;
        HashSet<string> kinds = [];
        foreach (Prompt prompt in PromptReader.Read(SharedData.Path("ifeval", "input_data.jsonl")))
        {
            foreach (Instruction instruction in IfEvalVerifier.InstructionsOf(prompt))
            {
                Assert.True(instruction.IsKnown, instruction.Id);
                Assert.False(instruction.IsFollowedBy(""));
                instruction.IsFollowedLooselyBy(prompt.Messages[0].Content);
                instructions++;
                kinds.Add(instruction.Id);
            }
        }

        Assert.Equal((834, 25), (instructions, kinds.Count));
    }

    private static Verdict Judge(string[] kinds, string[] arguments, string answer)
    {
        string tests = $$"""{"instruction_id_list":{{JsonSerializer.Serialize(kinds)}},"kwargs":[{{string.Join(',', arguments)}}]}""";
        return new IfEvalVerifier().Verify(Prompt.FromUser("Do.", null) with { Tests = tests }, Programs.Completion(answer));
    }
}
