/**
 * What is asked and answered while the page is walked: every kind of block, in the language of
 * the page, with names of another script inside. Made up for the tests; it states no law.
 */

const CODE = "```python\nfor year in range(2006, 2026):\n    keep(year)\n```";

/** Per language: a question, its answer, a longer question, a file, other names. */
export const SPEECHES = {
  fr: {
    question: "Combien de temps gardons-nous les comptes rendus du comité ?",
    answer: [
      "Les comptes rendus se gardent **dix ans** à compter de la séance.",
      "Deux cas modifient cette durée :",
      "- **Annexes signées.** Elles suivent le contrat auquel elles se rapportent.\n- **Séances extraordinaires.** Leur compte rendu se garde vingt ans.",
      "| Pièce | Durée |\n|:--|--:|\n| Compte rendu | 10 ans |\n| Annexe signée | selon le contrat |",
      `Pour dresser la liste des années :\n\n${CODE}`,
    ].join("\n\n"),
    edited: "Et les annexes signées ?",
    file: ["séance-2026.txt", "Présents : douze membres."],
    name: "Durée de conservation des comptes rendus du comité de direction et de leurs annexes",
    search: "conserv",
  },
  en: {
    question: "How long do we keep the minutes of the committee?",
    answer: [
      "The minutes are kept for **ten years** from the meeting.",
      "Two cases change this:",
      "- **Signed annexes.** They follow the contract that they belong to.\n- **Extraordinary meetings.** Their minutes are kept for twenty years.",
      "| Paper | Kept for |\n|:--|--:|\n| Minutes | 10 years |\n| Signed annex | as the contract |",
      `To list the years:\n\n${CODE}`,
    ].join("\n\n"),
    edited: "And the signed annexes?",
    file: ["meeting-2026.txt", "Present: twelve members."],
    name: "How long the minutes of the executive committee and their signed annexes are kept",
    search: "minutes",
  },
  ar: {
    question: "كم سنة نحتفظ بمحاضر اللجنة؟",
    answer: [
      "تُحفظ المحاضر **عشر سنوات** ابتداءً من تاريخ الجلسة.",
      "حالتان تغيّران هذه المدة:",
      "- **الملاحق الموقّعة.** تتبع مدة العقد الذي تخصّه.\n- **الجلسات الاستثنائية.** تُحفظ محاضرها عشرين سنة.",
      "| الوثيقة | المدة |\n|:--|--:|\n| المحضر | 10 سنوات |\n| الملحق الموقّع | بحسب العقد |",
      `Python يكتب قائمة السنوات:\n\n${CODE}`,
    ].join("\n\n"),
    edited: "وماذا عن الملاحق الموقّعة؟",
    file: ["جلسة-2026.txt", "الحاضرون: اثنا عشر عضوًا."],
    name: "مدة حفظ محاضر اللجنة التنفيذية وملاحقها الموقّعة مع PDF لكل جلسة من جلسات السنة",
    search: "محاضر",
  },
  hi: {
    question: "समिति के कार्यवृत्त हम कितने साल रखते हैं?",
    answer: [
      "कार्यवृत्त बैठक की तारीख से **दस साल** तक रखे जाते हैं।",
      "दो स्थितियाँ यह अवधि बदलती हैं:",
      "- **हस्ताक्षरित अनुलग्नक।** ये अपने अनुबंध की अवधि मानते हैं।\n- **असाधारण बैठकें।** इनके कार्यवृत्त बीस साल रखे जाते हैं।",
      "| काग़ज़ | अवधि |\n|:--|--:|\n| कार्यवृत्त | 10 साल |\n| अनुलग्नक | अनुबंध जितनी |",
      `Python से सालों की सूची:\n\n${CODE}`,
    ].join("\n\n"),
    edited: "और हस्ताक्षरित अनुलग्नक?",
    file: ["बैठक-2026.txt", "उपस्थित: बारह सदस्य।"],
    name: "कार्यकारी समिति के कार्यवृत्त और उनके हस्ताक्षरित अनुलग्नक रखने की अवधि, PDF सहित",
    search: "कार्यवृत्त",
  },
};
