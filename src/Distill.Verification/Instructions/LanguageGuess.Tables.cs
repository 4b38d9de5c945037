namespace Distill.Verification.Instructions;

internal static partial class LanguageGuess
{
    private static readonly Dictionary<string, (string Language, string[] Words)[]> Languages = new()
    {
        ["han"] = [("zh", ["的"])],
        ["latin"] =
        [
            ("en", ["the", "and", "of", "to", "in", "is", "you", "that", "it", "for", "with", "are", "this", "be", "on", "as", "was", "have", "your", "my", "i", "we", "they", "not"]),
            ("de", ["der", "die", "das", "und", "ist", "nicht", "ich", "ein", "eine", "zu", "mit", "den", "von", "sie", "auf", "für", "dem", "im", "es", "wir", "auch", "sich"]),
            ("fr", ["le", "la", "les", "et", "est", "un", "une", "des", "du", "que", "pour", "dans", "je", "vous", "il", "ne", "pas", "sur", "avec", "qui", "ce", "nous", "au"]),
            ("es", ["el", "la", "los", "las", "y", "es", "un", "una", "de", "que", "en", "por", "para", "con", "del", "no", "se", "su", "lo", "como", "más", "pero", "muy"]),
            ("pt", ["o", "os", "as", "e", "é", "um", "uma", "de", "que", "em", "por", "para", "com", "do", "da", "não", "se", "seu", "mais", "como", "ao", "são", "você"]),
            ("it", ["il", "lo", "gli", "e", "è", "un", "una", "di", "che", "in", "per", "con", "del", "della", "non", "si", "sono", "più", "come", "ma", "anche", "questo", "nel"]),
            ("nl", ["de", "het", "een", "en", "is", "niet", "van", "ik", "dat", "op", "te", "voor", "met", "zijn", "aan", "ook", "maar", "wij", "naar"]),
            ("pl", ["i", "w", "na", "z", "nie", "się", "jest", "to", "do", "że", "jak", "o", "ale", "po", "co", "przez", "dla", "są", "oraz", "który"]),
            ("fi", ["ja", "on", "ei", "se", "että", "hän", "oli", "mutta", "kun", "myös", "ovat", "tai", "joka", "ole", "kuin", "niin", "jos", "voi", "tämä"]),
            ("sv", ["och", "är", "att", "en", "ett", "det", "som", "inte", "jag", "på", "för", "med", "av", "till", "har", "du", "vi", "den"]),
            ("vi", ["là", "và", "của", "có", "không", "cho", "một", "những", "được", "trong", "với", "này", "các", "người", "bạn", "tôi", "để", "đã", "như"]),
            ("sw", ["na", "ya", "wa", "kwa", "ni", "katika", "za", "la", "kuwa", "hii", "cha", "yake", "huyo", "kama", "pia", "wewe", "sana", "mimi", "yangu", "au", "lakini"]),
            ("tr", ["ve", "bir", "bu", "için", "ile", "de", "da", "çok", "ama", "gibi", "daha", "olan", "değil"]),
            ("id", ["dan", "yang", "di", "ini", "itu", "untuk", "dengan", "tidak", "dari", "adalah", "pada", "akan", "saya"]),
            ("ro", ["și", "este", "în", "nu", "de", "la", "cu", "pentru", "sunt", "care", "pe", "mai", "din"]),
        ],
        ["cyrillic"] =
        [
            ("ru", ["и", "в", "не", "на", "что", "я", "с", "он", "как", "это", "по", "но", "они", "мы", "из", "для", "вы", "все", "так", "был", "есть"]),
            ("uk", ["і", "в", "не", "на", "що", "я", "з", "він", "як", "це", "та", "але", "вони", "ми", "із", "для", "ви", "всі", "є", "від", "його"]),
            ("bg", ["и", "в", "не", "на", "че", "аз", "с", "той", "като", "това", "по", "но", "те", "ние", "от", "за", "вие", "всички", "е", "да", "се", "са"]),
        ],
        ["arabic"] =
        [
            ("ar", ["في", "من", "على", "إلى", "أن", "هذا", "هذه", "التي", "الذي", "عن", "مع", "لا", "ما", "كان", "هو", "هي", "أو", "كل"]),
            ("fa", ["در", "به", "از", "که", "این", "را", "با", "است", "برای", "آن", "یک", "خود", "تا", "بر", "هم", "می", "شما", "ما"]),
            ("ur", ["کے", "کی", "میں", "ہے", "اور", "سے", "کا", "کو", "ہیں", "یہ", "پر", "نے", "ایک", "اس", "کہ", "بھی", "آپ", "نہیں"]),
        ],
        ["devanagari"] =
        [
            ("hi", ["के", "है", "में", "की", "और", "से", "का", "को", "हैं", "यह", "पर", "ने", "एक", "इस", "कि", "भी", "नहीं", "आप", "लिए"]),
            ("mr", ["आणि", "आहे", "च्या", "या", "हे", "ते", "नाही", "मी", "आहेत", "करून", "एक", "हा", "होते", "तर", "साठी", "त्या", "असे", "आपण"]),
            ("ne", ["र", "छ", "को", "मा", "यो", "का", "छन्", "लाई", "गर्न", "हो", "पनि", "भएको", "एक", "ले", "हुन्छ", "तपाईं", "म", "गर्ने"]),
        ],
    };
}
