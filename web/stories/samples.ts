import type { Language } from "../src/format/locale";
import { useSpeech } from "../src/messages/messages";

/** Words that a person, a document or a page would bring; the components bring their own. */
export interface Samples {
  title: string;
  longTitle: string;
  sentence: string;
  act: string;
  other: string;
  archived: string;
  undo: string;
  remove: string;
  rename: string;
  pin: string;
  phase: string;
  lost: string;
  queued: string;
  gaps: string;
  quotes: string;
}

const SAMPLES: Record<Language, Samples> = {
  en: {
    title: "How long files are kept",
    longTitle:
      "Minutes of the committee of 18 November about the renewal of the maintenance contract of the emergency generators",
    sentence: "Conversations that you archive are found here. They can be searched and restored.",
    act: "Start a conversation",
    other: "Clear the search",
    archived: "Conversation archived",
    undo: "Undo",
    remove: "Delete the conversation",
    rename: "Rename",
    pin: "Pin",
    phase: "Reading sources, 6 of 14",
    lost: "Connection lost. The answer continues on the server.",
    queued: "Waiting for a free place",
    gaps: "1 sentence without source",
    quotes: "3 quotes verified",
  },
  fr: {
    title: "Durée de conservation des dossiers",
    longTitle:
      "Compte rendu du comité du 18 novembre sur le renouvellement du contrat de maintenance des groupes électrogènes de secours",
    sentence:
      "Les conversations que vous archivez se trouvent ici. On peut les chercher et les rétablir.",
    act: "Commencer une conversation",
    other: "Effacer la recherche",
    archived: "Conversation archivée",
    undo: "Annuler",
    remove: "Supprimer la conversation",
    rename: "Renommer",
    pin: "Épingler",
    phase: "Lecture des sources, 6 sur 14",
    lost: "Connexion perdue. La réponse continue sur le serveur.",
    queued: "En attente d’une place libre",
    gaps: "1 phrase sans source",
    quotes: "3 citations vérifiées",
  },
  ar: {
    title: "مدة حفظ الملفات الطبية",
    longTitle: "محضر لجنة 18 نوفمبر بشأن تجديد عقد صيانة المولدات الكهربائية الاحتياطية في مستشفى Brest",
    sentence: "المحادثات التي تؤرشفها توجد هنا. ويمكن البحث فيها واستعادتها.",
    act: "بدء محادثة",
    other: "مسح البحث",
    archived: "أُرشفت المحادثة",
    undo: "تراجع",
    remove: "حذف المحادثة",
    rename: "إعادة التسمية",
    pin: "تثبيت",
    phase: "قراءة المصادر، 6 من 14",
    lost: "انقطع الاتصال. تستمر الإجابة على الخادم.",
    queued: "في انتظار مكان شاغر",
    gaps: "جملة واحدة دون مصدر",
    quotes: "3 اقتباسات متحقَّق منها",
  },
  hi: {
    title: "चिकित्सा फ़ाइलों की अवधि",
    longTitle:
      "18 नवंबर की समिति का कार्यवृत्त: आपातकालीन जनरेटर के रखरखाव अनुबंध का नवीनीकरण और उसकी शर्तें",
    sentence: "जिन बातचीतों को आप संग्रह में रखते हैं, वे यहाँ मिलती हैं। उन्हें खोजा और वापस लाया जा सकता है।",
    act: "बातचीत शुरू करें",
    other: "खोज हटाएँ",
    archived: "बातचीत संग्रह में रखी गई",
    undo: "वापस लाएँ",
    remove: "बातचीत मिटाएँ",
    rename: "नाम बदलें",
    pin: "पिन करें",
    phase: "स्रोत पढ़े जा रहे हैं, 14 में से 6",
    lost: "संपर्क टूट गया। उत्तर सर्वर पर जारी है।",
    queued: "खाली जगह का इंतज़ार",
    gaps: "1 वाक्य बिना स्रोत",
    quotes: "3 उद्धरण सत्यापित",
  },
};

export function useSamples(): Samples {
  return SAMPLES[useSpeech().language];
}
