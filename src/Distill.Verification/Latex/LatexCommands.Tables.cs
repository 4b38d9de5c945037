using System.Collections.Frozen;

namespace Distill.Verification.Latex;

/// <summary>What the commands of LaTeX and the signs of Unicode mean to a formula.</summary>
internal static class LatexCommands
{
    /// <summary>Commands that change only the looks; they vanish.</summary>
    public static readonly FrozenSet<string> Layout = FrozenSet.ToFrozenSet(
    [
        "left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "bigm", "Bigl", "Bigr", "Bigm", "biggl", "biggr", "biggm", "Biggl", "Biggr", "Biggm",
        "displaystyle", "textstyle", "scriptstyle", "scriptscriptstyle", "limits", "nolimits", "quad", "qquad", "thinspace", "medspace", "thickspace", "enspace", "enskip",
        "negthinspace", "negmedspace", "negthickspace", "mathstrut", "strut", "ensuremath", "mathop", "mathrel", "mathbin", "mathord", "mathopen", "mathclose", "bf", "rm", "it", "sf", "tt", "bfseries", "itshape",
        "large", "Large", "LARGE", "huge", "Huge", "small", "normalsize", "footnotesize", "tiny", "hfill", "hfil", "noindent", "centering", "smallskip", "medskip", "bigskip", "par", "nonumber", "notag", "allowbreak",
        "nobreak", "displaylimits", "boxed", "fbox", "framebox", "underline", "underbrace", "overbrace", "smash", "mathchoice", "protect", "relax", "checkmark", "qed", "square", "blacksquare",
    ]);

    /// <summary>Commands that set their argument in another face of mathematics.</summary>
    public static readonly FrozenSet<string> MathFaces = FrozenSet.ToFrozenSet(["mathbf", "mathit", "boldsymbol", "bm", "mathsf", "mathcal", "mathscr", "mathfrak", "mathtt", "pmb", "mathnormal", "bold", "Bbb"]);

    /// <summary>Commands whose argument is upright text.</summary>
    public static readonly FrozenSet<string> TextFaces = FrozenSet.ToFrozenSet(
        ["text", "mathrm", "textbf", "textit", "mbox", "textnormal", "textrm", "textsf", "texttt", "textup", "emph", "operatorname", "operatorname*", "hbox", "unit", "textsc", "textmd", "mathup"]);

    /// <summary>Commands whose argument is dropped.</summary>
    public static readonly FrozenSet<string> Dropped = FrozenSet.ToFrozenSet(["phantom", "hphantom", "vphantom", "hspace", "hspace*", "vspace", "vspace*", "kern", "label", "tag", "hidden", "color", "input", "include", "def", "raisebox", "rule", "mspace"]);

    /// <summary>Commands that begin a fraction.</summary>
    public static readonly FrozenSet<string> Fractions = FrozenSet.ToFrozenSet(["frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac", "textfrac", "ifrac", "flatfrac", "xfrac"]);

    /// <summary>Functions of one argument by their names, in LaTeX, operator names and plain text.</summary>
    public static readonly FrozenDictionary<string, string> Functions = new Dictionary<string, string>
    {
        ["sin"] = "sin", ["cos"] = "cos", ["tan"] = "tan", ["cot"] = "cot", ["sec"] = "sec", ["csc"] = "csc", ["cosec"] = "csc", ["ctg"] = "cot", ["tg"] = "tan", ["cotg"] = "cot",
        ["arcsin"] = "arcsin", ["arccos"] = "arccos", ["arctan"] = "arctan", ["arccot"] = "arccot", ["arcsec"] = "arcsec", ["arccsc"] = "arccsc", ["arctg"] = "arctan", ["arcctg"] = "arccot",
        ["asin"] = "arcsin", ["acos"] = "arccos", ["atan"] = "arctan", ["sinh"] = "sinh", ["cosh"] = "cosh", ["tanh"] = "tanh", ["coth"] = "coth", ["sech"] = "sech", ["csch"] = "csch",
        ["arsinh"] = "arcsinh", ["arcosh"] = "arccosh", ["artanh"] = "arctanh", ["arcsinh"] = "arcsinh", ["arccosh"] = "arccosh", ["arctanh"] = "arctanh", ["asinh"] = "arcsinh", ["acosh"] = "arccosh", ["atanh"] = "arctanh",
        ["ln"] = "ln", ["log"] = "log", ["lg"] = "lg", ["exp"] = "exp", ["gcd"] = "gcd", ["lcm"] = "lcm", ["max"] = "max", ["min"] = "min", ["det"] = "det", ["sgn"] = "sgn", ["sign"] = "sgn", ["arg"] = "arg",
        ["abs"] = "abs", ["floor"] = "floor", ["ceil"] = "ceil", ["ceiling"] = "ceil", ["Re"] = "re", ["Im"] = "im", ["GCD"] = "gcd", ["LCM"] = "lcm", ["HCF"] = "gcd", ["hcf"] = "gcd", ["sqrt"] = "sqrt", ["cbrt"] = "cbrt", ["tr"] = "trace",
        ["erf"] = "erf", ["cis"] = "cis", ["dim"] = "dim", ["rank"] = "rank", ["ker"] = "ker", ["binom"] = "binomial", ["comb"] = "binomial", ["cov"] = "cov", ["Var"] = "var", ["sup"] = "sup", ["inf"] = "inf",
    }.ToFrozenDictionary();

    /// <summary>Greek letters and named symbols.</summary>
    public static readonly FrozenDictionary<string, string> Symbols = new Dictionary<string, string>
    {
        ["pi"] = "pi", ["infty"] = "infinity", ["imath"] = "i", ["jmath"] = "j", ["ell"] = "ell", ["hbar"] = "hbar", ["nabla"] = "nabla", ["partial"] = "partial", ["aleph"] = "aleph", ["perp"] = "perp", ["parallel"] = "parallel", ["angle"] = "angle",
        ["triangle"] = "triangle", ["bigtriangleup"] = "triangle", ["exponentialE"] = "e", ["mathe"] = "e", ["star"] = "star", ["prime"] = "prime", ["top"] = "top", ["bot"] = "bot", ["dagger"] = "dagger", ["Box"] = "box",
        ["alpha"] = "alpha", ["beta"] = "beta", ["gamma"] = "gamma", ["delta"] = "delta", ["epsilon"] = "epsilon", ["varepsilon"] = "epsilon", ["zeta"] = "zeta", ["eta"] = "eta", ["theta"] = "theta", ["vartheta"] = "theta",
        ["iota"] = "iota", ["kappa"] = "kappa", ["varkappa"] = "kappa", ["lambda"] = "lambda", ["mu"] = "mu", ["nu"] = "nu", ["xi"] = "xi", ["omicron"] = "omicron", ["rho"] = "rho", ["varrho"] = "rho", ["sigma"] = "sigma", ["varsigma"] = "sigma",
        ["tau"] = "tau", ["upsilon"] = "upsilon", ["phi"] = "phi", ["varphi"] = "phi", ["chi"] = "chi", ["psi"] = "psi", ["omega"] = "omega", ["Gamma"] = "Gamma", ["Delta"] = "Delta", ["Theta"] = "Theta", ["Lambda"] = "Lambda", ["Xi"] = "Xi",
        ["Pi"] = "Pi", ["Sigma"] = "Sigma", ["Upsilon"] = "Upsilon", ["Phi"] = "Phi", ["Psi"] = "Psi", ["Omega"] = "Omega", ["varpi"] = "pi",
    }.ToFrozenDictionary();

    /// <summary>Signs: relations, operators, brackets, sets.</summary>
    public static readonly FrozenDictionary<string, (TokenKind Kind, string Text)> Signs = new Dictionary<string, (TokenKind, string)>
    {
        ["cdot"] = (TokenKind.Times, "*"), ["times"] = (TokenKind.Times, "*"), ["ast"] = (TokenKind.Times, "*"), ["bullet"] = (TokenKind.Times, "*"), ["div"] = (TokenKind.Divide, "/"), ["slash"] = (TokenKind.Divide, "/"), ["cdotp"] = (TokenKind.Times, "*"),
        ["pm"] = (TokenKind.PlusMinus, "+"), ["mp"] = (TokenKind.PlusMinus, "-"), ["lt"] = (TokenKind.Relation, "<"), ["gt"] = (TokenKind.Relation, ">"),
        ["le"] = (TokenKind.Relation, "<="), ["leq"] = (TokenKind.Relation, "<="), ["leqslant"] = (TokenKind.Relation, "<="), ["leqq"] = (TokenKind.Relation, "<="),
        ["ge"] = (TokenKind.Relation, ">="), ["geq"] = (TokenKind.Relation, ">="), ["geqslant"] = (TokenKind.Relation, ">="), ["geqq"] = (TokenKind.Relation, ">="),
        ["ne"] = (TokenKind.Relation, "!="), ["neq"] = (TokenKind.Relation, "!="), ["approx"] = (TokenKind.Relation, "approx"), ["approxeq"] = (TokenKind.Relation, "approx"), ["simeq"] = (TokenKind.Relation, "approx"), ["doteq"] = (TokenKind.Relation, "approx"),
        ["in"] = (TokenKind.Relation, "in"), ["notin"] = (TokenKind.Relation, "notin"), ["equiv"] = (TokenKind.Relation, "equiv"), ["sim"] = (TokenKind.Relation, "sim"), ["cong"] = (TokenKind.Relation, "cong"), ["propto"] = (TokenKind.Relation, "propto"),
        ["subset"] = (TokenKind.Relation, "subset"), ["subseteq"] = (TokenKind.Relation, "subseteq"), ["supset"] = (TokenKind.Relation, "supset"), ["mid"] = (TokenKind.Mid, "|"), ["vert"] = (TokenKind.Bar, "|"), ["lvert"] = (TokenKind.Bar, "open"), ["rvert"] = (TokenKind.Bar, "close"),
        ["Vert"] = (TokenKind.Bar, "|"), ["lVert"] = (TokenKind.Bar, "open"), ["rVert"] = (TokenKind.Bar, "close"), ["|"] = (TokenKind.Bar, "|"),
        ["to"] = (TokenKind.Relation, "to"), ["rightarrow"] = (TokenKind.Relation, "to"), ["mapsto"] = (TokenKind.Relation, "to"), ["longrightarrow"] = (TokenKind.Relation, "to"), ["Rightarrow"] = (TokenKind.Relation, "=>"), ["implies"] = (TokenKind.Relation, "=>"),
        ["Longrightarrow"] = (TokenKind.Relation, "=>"), ["iff"] = (TokenKind.Relation, "=>"), ["Leftrightarrow"] = (TokenKind.Relation, "=>"), ["therefore"] = (TokenKind.Relation, "=>"), ["coloneqq"] = (TokenKind.Relation, "="), ["triangleq"] = (TokenKind.Relation, "="),
        ["cup"] = (TokenKind.SetOperator, "∪"), ["bigcup"] = (TokenKind.SetOperator, "∪"), ["cap"] = (TokenKind.SetOperator, "∩"), ["bigcap"] = (TokenKind.SetOperator, "∩"), ["setminus"] = (TokenKind.SetOperator, "\\"), ["backslash"] = (TokenKind.SetOperator, "\\"), ["smallsetminus"] = (TokenKind.SetOperator, "\\"), ["sqcup"] = (TokenKind.SetOperator, "∪"),
        ["land"] = (TokenKind.Logic, "and"), ["wedge"] = (TokenKind.Logic, "and"), ["lor"] = (TokenKind.Logic, "or"), ["vee"] = (TokenKind.Logic, "or"),
        ["{"] = (TokenKind.Open, "{"), ["}"] = (TokenKind.Close, "}"), ["lbrace"] = (TokenKind.Open, "{"), ["rbrace"] = (TokenKind.Close, "}"), ["lbrack"] = (TokenKind.Open, "["), ["rbrack"] = (TokenKind.Close, "]"), ["lparen"] = (TokenKind.Open, "("), ["rparen"] = (TokenKind.Close, ")"),
        ["langle"] = (TokenKind.Open, "<"), ["rangle"] = (TokenKind.Close, ">"), ["lfloor"] = (TokenKind.Open, "floor"), ["rfloor"] = (TokenKind.Close, "floor"), ["lceil"] = (TokenKind.Open, "ceil"), ["rceil"] = (TokenKind.Close, "ceil"),
        ["circ"] = (TokenKind.Degree, "°"), ["degree"] = (TokenKind.Degree, "°"), ["textdegree"] = (TokenKind.Degree, "°"), ["deg"] = (TokenKind.Degree, "°"), ["%"] = (TokenKind.Percent, "%"), ["$"] = (TokenKind.Currency, "$"), ["textdollar"] = (TokenKind.Currency, "$"), ["pounds"] = (TokenKind.Currency, "£"), ["euro"] = (TokenKind.Currency, "€"), ["yen"] = (TokenKind.Currency, "¥"),
        ["emptyset"] = (TokenKind.EmptySet, "∅"), ["varnothing"] = (TokenKind.EmptySet, "∅"), ["ldots"] = (TokenKind.Dots, "…"), ["cdots"] = (TokenKind.Dots, "…"), ["dots"] = (TokenKind.Dots, "…"), ["dotsc"] = (TokenKind.Dots, "…"), ["vdots"] = (TokenKind.Dots, "…"), ["ddots"] = (TokenKind.Dots, "…"), ["dotsb"] = (TokenKind.Dots, "…"),
        ["sum"] = (TokenKind.BigOperator, "sum"), ["prod"] = (TokenKind.BigOperator, "prod"), ["int"] = (TokenKind.BigOperator, "int"), ["lim"] = (TokenKind.BigOperator, "lim"), ["iint"] = (TokenKind.BigOperator, "int"), ["oint"] = (TokenKind.BigOperator, "int"),
        ["over"] = (TokenKind.Infix, "over"), ["choose"] = (TokenKind.Infix, "choose"), ["atop"] = (TokenKind.Infix, "over"), ["bmod"] = (TokenKind.Modulo, "mod"), ["mod"] = (TokenKind.Modulo, "mod"), ["pmod"] = (TokenKind.Modulo, "pmod"), ["pod"] = (TokenKind.Modulo, "pmod"),
        ["sqrt"] = (TokenKind.Root, "sqrt"), ["surd"] = (TokenKind.Root, "sqrt"), ["root"] = (TokenKind.Root, "root"), ["binom"] = (TokenKind.Binomial, "binom"), ["dbinom"] = (TokenKind.Binomial, "binom"), ["tbinom"] = (TokenKind.Binomial, "binom"), ["colon"] = (TokenKind.Colon, ":"), ["_"] = (TokenKind.Underscore, "_"), ["&"] = (TokenKind.Logic, "and"),
        ["overline"] = (TokenKind.Accent, "bar"), ["bar"] = (TokenKind.Accent, "bar"), ["vec"] = (TokenKind.Accent, "vec"), ["hat"] = (TokenKind.Accent, "hat"), ["widehat"] = (TokenKind.Accent, "hat"), ["tilde"] = (TokenKind.Accent, "tilde"), ["widetilde"] = (TokenKind.Accent, "tilde"), ["overrightarrow"] = (TokenKind.Accent, "vec"), ["dot"] = (TokenKind.Accent, "dot"), ["ddot"] = (TokenKind.Accent, "ddot"), ["mathring"] = (TokenKind.Accent, "ring"), ["overarc"] = (TokenKind.Accent, "arc"),
        ["lnot"] = (TokenKind.Symbol, "not"), ["neg"] = (TokenKind.Symbol, "not"), ["forall"] = (TokenKind.Word, "for"), ["exists"] = (TokenKind.Word, "exists"),
    }.ToFrozenDictionary();

    /// <summary>Single characters outside ASCII.</summary>
    public static readonly FrozenDictionary<char, (TokenKind Kind, string Text)> Characters = new Dictionary<char, (TokenKind, string)>
    {
        ['−'] = (TokenKind.Minus, "-"), ['–'] = (TokenKind.Minus, "-"), ['—'] = (TokenKind.Minus, "-"), ['‐'] = (TokenKind.Minus, "-"), ['‑'] = (TokenKind.Minus, "-"), ['‒'] = (TokenKind.Minus, "-"), ['﹣'] = (TokenKind.Minus, "-"), ['×'] = (TokenKind.Times, "*"), ['·'] = (TokenKind.Times, "*"), ['⋅'] = (TokenKind.Times, "*"), ['∙'] = (TokenKind.Times, "*"), ['∗'] = (TokenKind.Times, "*"), ['•'] = (TokenKind.Times, "*"), ['✕'] = (TokenKind.Times, "*"),
        ['÷'] = (TokenKind.Divide, "/"), ['∕'] = (TokenKind.Divide, "/"), ['⁄'] = (TokenKind.Divide, "/"), ['±'] = (TokenKind.PlusMinus, "+"), ['∓'] = (TokenKind.PlusMinus, "-"), ['≤'] = (TokenKind.Relation, "<="), ['⩽'] = (TokenKind.Relation, "<="), ['≦'] = (TokenKind.Relation, "<="), ['≥'] = (TokenKind.Relation, ">="), ['⩾'] = (TokenKind.Relation, ">="), ['≧'] = (TokenKind.Relation, ">="),
        ['≠'] = (TokenKind.Relation, "!="), ['≈'] = (TokenKind.Relation, "approx"), ['≃'] = (TokenKind.Relation, "approx"), ['∈'] = (TokenKind.Relation, "in"), ['∉'] = (TokenKind.Relation, "notin"), ['≡'] = (TokenKind.Relation, "equiv"), ['⊂'] = (TokenKind.Relation, "subset"), ['⊆'] = (TokenKind.Relation, "subseteq"), ['∼'] = (TokenKind.Relation, "sim"), ['≅'] = (TokenKind.Relation, "cong"),
        ['→'] = (TokenKind.Relation, "to"), ['⇒'] = (TokenKind.Relation, "=>"), ['⟹'] = (TokenKind.Relation, "=>"), ['⇔'] = (TokenKind.Relation, "=>"), ['∴'] = (TokenKind.Relation, "=>"), ['∪'] = (TokenKind.SetOperator, "∪"), ['⋃'] = (TokenKind.SetOperator, "∪"), ['∩'] = (TokenKind.SetOperator, "∩"), ['⋂'] = (TokenKind.SetOperator, "∩"), ['∖'] = (TokenKind.SetOperator, "\\"), ['∧'] = (TokenKind.Logic, "and"), ['∨'] = (TokenKind.Logic, "or"),
        ['∞'] = (TokenKind.Symbol, "infinity"), ['∅'] = (TokenKind.EmptySet, "∅"), ['Ø'] = (TokenKind.EmptySet, "∅"), ['ø'] = (TokenKind.EmptySet, "∅"), ['ℝ'] = (TokenKind.NumberSet, "R"), ['ℤ'] = (TokenKind.NumberSet, "Z"), ['ℕ'] = (TokenKind.NumberSet, "N"), ['ℚ'] = (TokenKind.NumberSet, "Q"), ['ℂ'] = (TokenKind.NumberSet, "C"),
        ['°'] = (TokenKind.Degree, "°"), ['º'] = (TokenKind.Degree, "°"), ['˚'] = (TokenKind.Degree, "°"), ['∘'] = (TokenKind.Degree, "°"), ['€'] = (TokenKind.Currency, "€"), ['£'] = (TokenKind.Currency, "£"), ['¥'] = (TokenKind.Currency, "¥"), ['₹'] = (TokenKind.Currency, "₹"), ['¢'] = (TokenKind.Word, "cents"), ['√'] = (TokenKind.Root, "√"), ['∛'] = (TokenKind.Root, "∛"), ['∜'] = (TokenKind.Root, "∜"), ['…'] = (TokenKind.Dots, "…"), ['⋯'] = (TokenKind.Dots, "…"),
        ['⟨'] = (TokenKind.Open, "<"), ['⟩'] = (TokenKind.Close, ">"), ['〈'] = (TokenKind.Open, "<"), ['〉'] = (TokenKind.Close, ">"), ['⌊'] = (TokenKind.Open, "floor"), ['⌋'] = (TokenKind.Close, "floor"), ['⌈'] = (TokenKind.Open, "ceil"), ['⌉'] = (TokenKind.Close, "ceil"), ['∣'] = (TokenKind.Mid, "|"), ['′'] = (TokenKind.Prime, "'"), ['’'] = (TokenKind.Prime, "'"), ['∑'] = (TokenKind.BigOperator, "sum"), ['∏'] = (TokenKind.BigOperator, "prod"), ['∫'] = (TokenKind.BigOperator, "int"),
        ['、'] = (TokenKind.Comma, ","), ['∠'] = (TokenKind.Symbol, "angle"), ['△'] = (TokenKind.Symbol, "triangle"), ['∆'] = (TokenKind.Symbol, "Delta"), ['Ω'] = (TokenKind.Symbol, "Omega"), ['∂'] = (TokenKind.Symbol, "partial"), ['∥'] = (TokenKind.Symbol, "parallel"), ['ℓ'] = (TokenKind.Symbol, "ell"), ['⊥'] = (TokenKind.Symbol, "perp"), ['µ'] = (TokenKind.Symbol, "mu"), ['‰'] = (TokenKind.Word, "permille"),
        ['α'] = (TokenKind.Symbol, "alpha"), ['β'] = (TokenKind.Symbol, "beta"), ['γ'] = (TokenKind.Symbol, "gamma"), ['δ'] = (TokenKind.Symbol, "delta"), ['ε'] = (TokenKind.Symbol, "epsilon"), ['ζ'] = (TokenKind.Symbol, "zeta"), ['η'] = (TokenKind.Symbol, "eta"), ['θ'] = (TokenKind.Symbol, "theta"), ['ϑ'] = (TokenKind.Symbol, "theta"), ['κ'] = (TokenKind.Symbol, "kappa"), ['λ'] = (TokenKind.Symbol, "lambda"), ['μ'] = (TokenKind.Symbol, "mu"), ['ν'] = (TokenKind.Symbol, "nu"), ['ξ'] = (TokenKind.Symbol, "xi"),
        ['π'] = (TokenKind.Symbol, "pi"), ['ρ'] = (TokenKind.Symbol, "rho"), ['σ'] = (TokenKind.Symbol, "sigma"), ['τ'] = (TokenKind.Symbol, "tau"), ['φ'] = (TokenKind.Symbol, "phi"), ['ϕ'] = (TokenKind.Symbol, "phi"), ['χ'] = (TokenKind.Symbol, "chi"), ['ψ'] = (TokenKind.Symbol, "psi"), ['ω'] = (TokenKind.Symbol, "omega"), ['Δ'] = (TokenKind.Symbol, "Delta"), ['Γ'] = (TokenKind.Symbol, "Gamma"), ['Θ'] = (TokenKind.Symbol, "Theta"), ['Λ'] = (TokenKind.Symbol, "Lambda"), ['Σ'] = (TokenKind.Symbol, "Sigma"), ['Φ'] = (TokenKind.Symbol, "Phi"), ['Ψ'] = (TokenKind.Symbol, "Psi"), ['ι'] = (TokenKind.Symbol, "iota"),
    }.ToFrozenDictionary();

    /// <summary>Vulgar fractions.</summary>
    public static readonly FrozenDictionary<char, (int Numerator, int Denominator)> VulgarFractions = new Dictionary<char, (int, int)>
    {
        ['½'] = (1, 2), ['⅓'] = (1, 3), ['⅔'] = (2, 3), ['¼'] = (1, 4), ['¾'] = (3, 4), ['⅕'] = (1, 5), ['⅖'] = (2, 5), ['⅗'] = (3, 5), ['⅘'] = (4, 5), ['⅙'] = (1, 6), ['⅚'] = (5, 6), ['⅐'] = (1, 7), ['⅛'] = (1, 8), ['⅜'] = (3, 8), ['⅝'] = (5, 8), ['⅞'] = (7, 8), ['⅑'] = (1, 9), ['⅒'] = (1, 10),
    }.ToFrozenDictionary();

    /// <summary>Raised characters and what they raise.</summary>
    public const string Superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣ", RaisedMeaning = "0123456789+-=()nix";

    /// <summary>Lowered characters and what they lower.</summary>
    public const string Subscripts = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙₓₖ", LoweredMeaning = "0123456789+-=()nxk";
}
