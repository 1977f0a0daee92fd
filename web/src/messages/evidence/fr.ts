import { plural } from "../plural";
import type { Evidence } from "./en";

/** French text of what proves an answer: figures, where they come from, its receipt. */
export const evidence: Evidence = {
  provenance: {
    label: "Où et comment cette réponse a été calculée",
    siteLocal: "Ce serveur",
    zone: (place) => `zone électrique ${place}`,
    tokens: plural("fr", {
      one: "#\u00A0jeton",
      many: "#\u00A0de jetons",
      other: "#\u00A0jetons",
    }),
    details: "D’où viennent ces chiffres",
    energy: "Énergie",
    emissions: "Émissions",
    emissionsExplained: "Énergie multipliée par le facteur du réseau.",
    gridFactor: "Facteur du réseau",
    tokensRead: "Jetons lus",
    tokensWritten: "Jetons écrits",
    place: "Lieu du calcul",
  },
  receipt: {
    open: "Reçu",
    title: "Reçu de cette réponse",
    lead: "Une déclaration signée de ce qui a répondu. Elle ne contient aucun mot de la conversation.",
    answered: "Répondu le",
    model: "Modèle",
    engine: "Calculé par",
    operator: "Exploitant",
    country: (name) => `Pays\u00A0: ${name}`,
    law: (name) => `droit applicable\u00A0: ${name}`,
    parentLaw: (name) => `son groupe\u00A0: ${name}`,
    declared: "Le lieu et l’exploitant sont déclarés par l’exploitant\u202F; personne ne les a vérifiés.",
    policy: "Règles",
    noPolicy: "Aucune règle consultée",
    documents: "Documents utilisés",
    noDocuments: "Aucun",
    log: "Place dans le journal",
    logEntry: (number) => `Entrée ${number}`,
    answer: "Réponse",
    notStated: "non indiqué",
    save: "Enregistrer le reçu",
    again: "Réessayer",
    check: "Comment le vérifier",
    checkHow:
      "Quiconque a la clé publique du journal le peut, sans ce serveur et sans réseau. Demandez la clé à l’exploitant par une autre voie que cette page.",
  },
  method: {
    measured: "mesuré",
    modelled: "modélisé",
    estimated: "estimé",
    unknown: "non mesuré",
    separator: ", ",
  },
  methodExplained: {
    measured: "Lu sur les compteurs d’énergie du processeur.",
    modelled: "Calculé par un modèle de la machine.",
    estimated: "Puissance documentée multipliée par le temps de processeur de cette réponse.",
  },
};
