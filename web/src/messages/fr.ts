import type { Messages } from "./messages";

/** French text of the page. U+202F stands before ; ! ?, U+00A0 before : and inside guillemets. */
export const fr: Messages = {
  language: { name: "Français" },
  app: {
    name: "Galerne",
    skipToConversation: "Aller à la conversation",
    skipToSignIn: "Aller à la connexion",
    loading: "Ouverture de la page",
    offline: "Vous êtes hors ligne. Ce qui est affiché reste lisible\u202F; rien ne peut partir.",
    closedTitle: "La page ne peut pas s’ouvrir",
    retry: "Réessayer",
  },
  settings: {
    open: "Réglages",
    language: "Langue",
    theme: "Thème",
    system: "Système",
    light: "Clair",
    dark: "Sombre",
    signOut: "Se déconnecter",
  },
  signIn: {
    title: "Ouvrez votre lien",
    lead: "Galerne vous laisse entrer avec un lien qui sert une seule fois.",
    stepTerminal:
      "Regardez le terminal où tourne le serveur\u00A0: il a affiché une ligne qui commence par",
    stepCommand: "Plus de lien\u202F? Dans un terminal sur le serveur, lancez",
    stepCommandEnd: "La commande en affiche un autre, valable 10\u00A0minutes.",
    field: "Lien ou jeton",
    fieldHint: "Collez le lien entier, ou seulement ce qui suit #token=",
    fieldEmpty: "Collez d’abord un lien ou un jeton.",
    submit: "Se connecter",
    submitting: "Connexion en cours",
  },
  conversation: {
    newTitle: "Nouvelle conversation",
    start: "Nouvelle conversation",
    region: "Conversation",
    questionHeading: "Votre question",
    answerHeading: (model) => `Réponse de ${model}`,
    waiting: "Le modèle lit votre question",
    writing: "Le modèle écrit",
    copy: "Copier la réponse",
    copied: "Copié",
    copyFailed: "Copie impossible",
    copyCode: "Copier le code",
    codeBlock: "Code",
    sendAgain: "Renvoyer",
    more: "Suite plus bas",
    stoppedByYou: "Arrêté par vous.",
    stoppedEnergy: "Ce qui a été consommé jusque-là est compté sur le serveur.",
    cutByLength: "Coupé\u00A0: la réponse a atteint le nombre de jetons que le serveur autorise.",
    cutByModel:
      "Coupé\u00A0: la conversation est aussi longue que ce que ce modèle peut lire. Commencez-en une nouvelle.",
    emptyAnswer: "Le modèle n’a rien écrit.",
    textKept: "Le texte déjà reçu est conservé.",
  },
  composer: {
    label: "Votre question",
    placeholder: "Poser une question…",
    send: "Envoyer",
    stop: "Arrêter",
    model: "Modèle",
    modelLoading: "Chargement du modèle",
    modelNone: "Aucun modèle",
    hint: "Le modèle peut se tromper\u00A0: vérifiez avant de décider.",
    keys: "Entrée envoie, Maj+Entrée va à la ligne, Échap arrête.",
  },
  empty: {
    title: "Posez une question",
    lead: (model) =>
      `${model} tourne sur le processeur de ce serveur. Vos mots y restent, et chaque réponse dit l’énergie qu’elle a consommée.`,
    small:
      "C’est un petit modèle\u00A0: les questions courtes et simples, en anglais, lui réussissent le mieux.",
    memory: "Cette conversation n’existe que dans cet onglet. Le fermer ou le recharger l’efface.",
    examples: "Exemples à essayer",
  },
  noModel: {
    title: "Pas encore de modèle",
    what: "Aucun modèle n’est installé sur ce serveur\u00A0: aucune question ne peut recevoir de réponse.",
    action: "Dans un terminal sur le serveur, lancez",
  },
  examples: [
    "Explain in two sentences why the sky is blue.",
    "Write a short, polite email that moves a meeting to Thursday.",
    "Give me three ideas for a healthy breakfast.",
  ],
  provenance: {
    label: "Où et comment cette réponse a été calculée",
    siteLocal: "Ce serveur",
    zone: (place) => `zone électrique ${place}`,
    tokens: (count, text) => `${text}\u00A0${count < 2 ? "jeton" : "jetons"}`,
    details: "D’où viennent ces chiffres",
    energy: "Énergie",
    emissions: "Émissions",
    emissionsExplained: "Énergie multipliée par le facteur du réseau.",
    gridFactor: "Facteur du réseau",
    tokensRead: "Jetons lus",
    tokensWritten: "Jetons écrits",
    place: "Lieu du calcul",
  },
  method: {
    measured: "mesuré",
    modelled: "modélisé",
    estimated: "estimé",
  },
  methodExplained: {
    measured: "Lu sur les compteurs d’énergie du processeur.",
    modelled: "Calculé par un modèle de la machine.",
    estimated: "Puissance documentée multipliée par le temps de processeur de cette réponse.",
  },
  status: {
    started: "Réponse commencée",
    complete: (tokens) => `Réponse terminée, ${tokens} ${tokens < 2 ? "jeton" : "jetons"}`,
    completeUncounted: "Réponse terminée",
    stopped: "Réponse arrêtée, le texte est conservé",
    cleared: "Nouvelle conversation",
    signedIn: "Connexion réussie",
    copied: "Copié",
  },
  broken: {
    what: "La page a rencontré une panne.",
    action: "Rechargez-la. Ce qui a été écrit dans cet onglet est perdu.",
    reload: "Recharger",
  },
  errors: {
    unreachable: {
      what: "Le serveur ne répond pas.",
      action: "Vérifiez qu’il tourne encore et que votre réseau l’atteint, puis réessayez.",
    },
    interrupted: {
      what: "La réponse s’est interrompue\u00A0: la connexion au serveur est perdue.",
      action: "Vérifiez que le serveur tourne encore, puis réessayez.",
    },
    unreadable: {
      what: "Le serveur a envoyé quelque chose que cette page ne comprend pas.",
      action:
        "Rechargez la page\u202F; si cela se répète, prévenez la personne qui gère ce serveur.",
    },
    sessionEnded: {
      what: "Vous n’êtes pas connecté, ou votre session est terminée.",
      action: "Ouvrez un nouveau lien\u00A0: galerne login-link en affiche un sur le serveur.",
    },
    linkInvalid: {
      what: "Ce lien ne fonctionne pas\u00A0: il a déjà servi, ou il a plus de 10\u00A0minutes.",
      action:
        "Demandez-en un autre\u00A0: galerne login-link l’affiche dans un terminal sur le serveur.",
    },
    busy: {
      what: "Le serveur a déjà autant à faire qu’il le peut\u202F; il a refusé.",
      action: "Attendez un instant, puis réessayez.",
    },
    contextTooLong: {
      what: "La conversation est plus longue que ce que ce modèle peut lire.",
      action: "Commencez une nouvelle conversation, ou raccourcissez votre question.",
    },
    messagesRejected: {
      what: "Ce modèle n’accepte pas une conversation dans cet ordre.",
      action: "Commencez une nouvelle conversation.",
    },
    modelUnknown: {
      what: "Ce modèle n’est plus installé sur le serveur.",
      action: "Choisissez un autre modèle, ou rechargez la page.",
    },
    tooLarge: {
      what: "La question n’est pas partie\u00A0: la conversation dépasse la taille que le serveur accepte.",
      action: "Commencez une nouvelle conversation, ou raccourcissez votre question.",
    },
    requestTimeout: {
      what: "La demande n’est pas arrivée à temps au serveur.",
      action: "Vérifiez votre réseau, puis réessayez.",
    },
    originRefused: {
      what: "Le serveur a refusé la demande\u00A0: cette page est ouverte à une adresse qu’il ne connaît pas.",
      action: "Ouvrez l’adresse que le serveur a affichée à son démarrage.",
    },
    auditUnavailable: {
      what: "Le serveur n’a pas pu écrire son registre d’audit, et il ne répond jamais sans lui.",
      action: "Vérifiez la place libre dans son dossier de données, puis réessayez.",
    },
    storeUnavailable: {
      what: "Le serveur n’a pas pu atteindre sa base de données.",
      action: "Vérifiez la place libre dans son dossier de données, puis réessayez.",
    },
    engineFailed: {
      what: "Le modèle a échoué pendant le calcul de la réponse.",
      action: "Réessayez\u202F; si cela se répète, le journal du serveur dit pourquoi.",
    },
    engineStopped: {
      what: "Le modèle a été arrêté sur le serveur.",
      action: "Attendez qu’il tourne à nouveau, puis réessayez.",
    },
    serverStopping: {
      what: "Le serveur s’arrête et ne prend plus de question.",
      action: "Attendez qu’il tourne à nouveau, puis réessayez.",
    },
    internal: {
      what: "Le serveur a rencontré une panne interne.",
      action: "Réessayez\u202F; si cela se répète, le journal du serveur dit pourquoi.",
    },
    unknown: {
      what: "Le serveur a refusé la demande sans dire pourquoi.",
      action: "Réessayez\u202F; si cela se répète, le journal du serveur en dit plus.",
    },
  },
};
