namespace Distill.Curation.Text;

/// <summary>What data sets and evaluation suites add to a problem. It says nothing about the problem.</summary>
internal static class InstructionPhrases
{
    public static readonly IReadOnlyList<string> All =
    [
        "Please reason step by step, and put your final answer within \\boxed{}.",
        "Let's think step by step and output the final answer within \\boxed{}.",
        "Solve the following math problem efficiently and clearly. The last line of your response should be of the following format: 'Therefore, the final answer is: $\\boxed{ANSWER}$. I hope it is correct'",
        "Return your final response within \\boxed{}.",
        "Put your final answer within \\boxed{}.",
        "Put your answer within \\boxed{}.",
        "Write your answer inside \\boxed{}.",
        "Please put your final answer in \\boxed{}.",
        "Remember to put your final answer within \\boxed{}.",
        "Remember to box your final answer.",
        "Make sure to put the answer (and only answer) inside \\boxed{}.",
        "Solve the following math problem.",
        "Solve the following problem step by step.",
        "Solve the following problem.",
        "Solve this problem step by step.",
        "Think step by step.",
        "Let's think step by step.",
        "Please think step by step.",
        "Please reason step by step.",
        "Answer the following question.",
        "Answer the following multiple choice question.",
        "The last line of your response should be of the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before answering.",
        "Generate an executable Python function generated from the given prompt. The function should take stdin as input and print the output. Simply call the function after the definition.",
    ];

    /// <summary>What many problems say alike: not a sign that two of them are the same.</summary>
    public static readonly IReadOnlyList<string> Boilerplate =
    [
        "can be written in the form m/n, where m and n are relatively prime positive integers. Find m+n.",
        "can be expressed as \\frac{m}{n}, where m and n are relatively prime positive integers. Find m+n.",
        "can be written as \\frac{p}{q}, where p and q are relatively prime positive integers. Find p+q.",
        "where m and n are relatively prime positive integers. Find the value of m+n.",
        "where a, b, and c are positive integers and c is not divisible by the square of any prime. Find a+b+c.",
        "where m and n are positive integers and n is not divisible by the square of any prime. Find m+n.",
        "find the remainder when N is divided by 1000.",
        "Express your answer as a common fraction in lowest terms.",
        "Express your answer as a common fraction.",
        "Express your answer in simplest radical form.",
        "Express your answer in interval notation.",
        "Express your answer as a decimal to the nearest hundredth.",
        "Enter your answer as a list separated by commas.",
        "If there is more than one answer, list them separated by commas.",
        "What is the smallest positive integer n such that",
        "What is the greatest common divisor of the numbers",
        "What is the sum of all the possible values of",
        "This question refers to the following information. Read the following passage and answer the question.",
        "Which of the following statements is true about the following",
        "Complete the following python function. Write a python function to find the number of",
        "Write a function to find the sum of the given list of numbers",
    ];
}
