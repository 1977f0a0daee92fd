import { isolate } from "../../format/bidi";
import { plural } from "../plural";
import type { Evidence } from "./en";

/** Arabic text of what proves an answer: figures, where they come from, its receipt. */
export const evidence: Evidence = {
  provenance: {
    label: "أين وكيف حُسبت هذه الإجابة",
    siteLocal: "هذا الخادم",
    zone: (place) => `منطقة الشبكة: ${isolate(place)}`,
    tokens: plural("ar", {
      zero: "لا رموز",
      one: "رمز واحد",
      two: "رمزان",
      few: "#\u00A0رموز",
      many: "#\u00A0رمزًا",
      other: "#\u00A0رمز",
    }),
    details: "من أين جاءت هذه الأرقام",
    energy: "الطاقة",
    emissions: "الانبعاثات",
    emissionsExplained: "الطاقة مضروبة في معامل الشبكة.",
    gridFactor: "معامل الشبكة",
    tokensRead: "الرموز المقروءة",
    tokensWritten: "الرموز المكتوبة",
    place: "مكان الحساب",
  },
  receipt: {
    open: "الإيصال",
    title: "إيصال هذه الإجابة",
    lead: "بيان موقّع بما أجاب. ليست فيه أي كلمة من المحادثة.",
    answered: "وقت الإجابة",
    model: "النموذج",
    engine: "حسبها",
    operator: "المشغّل",
    country: (name) => `البلد: ${isolate(name)}`,
    law: (name) => `القانون الساري عليه: ${isolate(name)}`,
    parentLaw: (name) => `مجموعته: ${isolate(name)}`,
    declared: "المكان والمشغّل كما يصرّح بهما المشغّل، ولم يتحقق منهما أحد.",
    policy: "القواعد",
    noPolicy: "لم تُسأل أي قاعدة",
    documents: "المستندات المستخدمة",
    noDocuments: "لا شيء",
    log: "الموضع في السجل",
    logEntry: (number) => `القيد ${isolate(number)}`,
    answer: "الإجابة",
    notStated: "غير مذكور",
    save: "حفظ الإيصال",
    again: "حاول مرة أخرى",
    check: "كيف يُتحقق منه",
    checkHow:
      "يستطيع ذلك كل من لديه المفتاح العام للسجل، دون هذا الخادم ودون شبكة. اطلب المفتاح من المشغّل بطريق غير هذه الصفحة.",
  },
  method: {
    measured: "مقيسة",
    modelled: "محسوبة بنموذج",
    estimated: "مقدَّرة",
    unknown: "غير مقيسة",
    separator: "، ",
  },
  methodExplained: {
    measured: "مقروءة من عدّادات الطاقة في المعالج.",
    modelled: "محسوبة بنموذج للآلة.",
    estimated: "القدرة الموثَّقة مضروبة في زمن المعالج الذي استغرقته هذه الإجابة.",
  },
};
