import { isolate } from "../../format/bidi";
import { plural } from "../plural";
import type { Evidence } from "./en";

/** Hindi text of what proves an answer: figures, where they come from, its receipt. */
export const evidence: Evidence = {
  provenance: {
    label: "यह उत्तर कहाँ और कैसे बना",
    siteLocal: "यह सर्वर",
    zone: (place) => `बिजली ग्रिड: ${isolate(place)}`,
    tokens: plural("hi", { one: "#\u00A0टोकन", other: "#\u00A0टोकन" }),
    details: "ये आँकड़े कहाँ से आए",
    energy: "ऊर्जा",
    emissions: "उत्सर्जन",
    emissionsExplained: "ऊर्जा गुणा ग्रिड का गुणक।",
    gridFactor: "ग्रिड का गुणक",
    tokensRead: "पढ़े गए टोकन",
    tokensWritten: "लिखे गए टोकन",
    place: "गणना का स्थान",
  },
  receipt: {
    open: "रसीद",
    title: "इस उत्तर की रसीद",
    lead: "किसने उत्तर दिया, इसका हस्ताक्षरित कथन। इसमें बातचीत का कोई शब्द नहीं है।",
    answered: "उत्तर का समय",
    model: "मॉडल",
    engine: "गणना किसने की",
    operator: "संचालक",
    country: (name) => `देश: ${isolate(name)}`,
    law: (name) => `लागू क़ानून: ${isolate(name)}`,
    parentLaw: (name) => `उसका समूह: ${isolate(name)}`,
    declared: "स्थान और संचालक वही हैं जो संचालक बताता है; किसी ने उनकी जाँच नहीं की।",
    policy: "नियम",
    noPolicy: "कोई नियम नहीं पूछा गया",
    documents: "प्रयुक्त दस्तावेज़",
    noDocuments: "कोई नहीं",
    log: "लॉग में स्थान",
    logEntry: (number) => `प्रविष्टि ${isolate(number)}`,
    answer: "उत्तर",
    notStated: "नहीं बताया गया",
    save: "रसीद सहेजें",
    again: "फिर कोशिश करें",
    check: "इसे कैसे जाँचें",
    checkHow:
      "जिसके पास लॉग की सार्वजनिक कुंजी है, वह इस सर्वर और नेटवर्क के बिना जाँच सकता है। कुंजी संचालक से इस पेज के अलावा किसी और रास्ते से माँगें।",
  },
  method: {
    measured: "मापा गया",
    modelled: "मॉडल से निकाला गया",
    estimated: "अनुमानित",
    unknown: "मापा नहीं गया",
    separator: ", ",
  },
  methodExplained: {
    measured: "प्रोसेसर के ऊर्जा मीटर से पढ़ा गया।",
    modelled: "मशीन के एक मॉडल से निकाला गया।",
    estimated: "दर्ज शक्ति गुणा प्रोसेसर का वह समय जो इस उत्तर में लगा।",
  },
};
