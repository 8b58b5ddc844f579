/** Every sentence of the app in English. A language is one file of this shape. */

const plurals = new Intl.PluralRules("en");
const numbers = new Intl.NumberFormat("en");

/** `many(2, { one: "# post", other: "# posts" })` is "2 posts". */
function many(n: number, forms: { one: string; other: string }): string {
  const form = plurals.select(n) === "one" ? forms.one : forms.other;
  return form.replace("#", numbers.format(n));
}

export const t = {
  number: (n: number) => numbers.format(n),
  /** Short enough to stand in a button: 1.2K. */
  short: (n: number) =>
    n < 10_000 ? numbers.format(n) : new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(n),
  clock: (at: number) => new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hour12: false }).format(at),
  ago(at: number, now: number): string {
    const minutes = Math.floor((now - at) / 60_000);
    if (minutes < 1) return "now";
    if (minutes < 60) return `${minutes} min`;
    if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
    return new Intl.DateTimeFormat("en", { day: "numeric", month: "short" }).format(at);
  },

  close: "Close",
  cancel: "Cancel",
  save: "Save",
  saved: "Saved",
  copy: "Copy link",
  copied: "Link copied",
  share: "Share",
  retry: "Retry",
  edit: "Edit",
  discard: "Discard",
  back: "Back",
  unexpected: "That did not work. Please try again.",

  link: {
    reconnecting: "Reconnecting",
    offline: "Offline",
    slow: "Slow connection",
    trouble: "Server trouble",
    update: "Reload for the new version",
    live: "Live again",
    connecting: "Connecting",
    offlineLong: "Offline. What you do is kept here and sent when you are back.",
    now: "Reconnect now",
  },

  header: {
    // Spoken around the number: "People, 42 here now".
    before: "People, ",
    after: (online: number) => many(online, { one: " here now", other: " here now" }),
    me: "You and settings",
    host: "Host settings",
  },

  tabs: { dock: "Take part", label: "Parts of the event", feed: "Feed", people: "People", post: "New post" },

  feed: {
    label: "Feed",
    emptyTitle: "The room is yours",
    emptyText: "Be the first. One photo is all it takes to light it up.",
    emptyQuietText: "Nothing has been posted yet.",
    emptyButton: "Add the first photo",
    fresh: (n: number) => many(n, { one: "# new post", other: "# new posts" }),
    older: "Show older posts",
    loading: "Loading",
    end: "That's where it began.",
    pinned: "Pinned",
    announce: (n: number) => many(n, { one: "# new post", other: "# new posts" }),
    waitingReview: (n: number) => many(n, { one: "# post is waiting for you", other: "# posts are waiting for you" }),
    look: "Look",
  },

  post: {
    by: (name: string) => `Post by ${name}`,
    photoBy: (name: string, at: string) => `Photo by ${name}, ${at}`,
    photoOf: (i: number, n: number) => `${i} of ${n}`,
    photos: (n: number) => many(n, { one: "# photo", other: "# photos" }),
    open: (alt: string) => `Open: ${alt}`,
    more: (name: string) => `More about the post by ${name}`,
    edited: "edited",
    comments: (n: number) => (n === 0 ? "Comment" : many(n, { one: "# comment", other: "# comments" })),
    allComments: (n: number) => `See all ${numbers.format(n)} comments`,
    react: "Add a reaction",
    reactions: "Reactions",
    pinnedMark: "Pinned",
    mine: "Your post",
    state: {
      pending: "Waiting for the host",
      pendingStaff: "Waiting for approval",
      hidden: "Not shown to others",
      rejected: "The host did not show this one",
    },
    delivery: {
      local: "Sending",
      sent: "Sending",
      queued: "Will send when you're back",
      confirmed: "",
      refused: "Not sent",
    },
    refused: (why: string) => `Not sent. ${why}`,
    menu: {
      title: "Post",
      edit: "Edit text",
      delete: "Delete",
      deleteSure: "Delete for good?",
      hide: "Hide from everyone",
      restore: "Show again",
      approve: "Show to everyone",
      approveShort: "Show",
      reject: "Don't show",
      pin: "Pin to the top",
      unpin: "Unpin",
      person: (name: string) => `About ${name}`,
    },
    gone: "This post is no longer here.",
    hiddenNow: "Hidden. Nobody else sees it.",
    deletedNow: "Deleted",
    yoursHidden: "A host hid one of your posts.",
    yoursShown: "Your post is now visible to everyone.",
  },

  comments: {
    title: "Comments",
    none: "No comments yet.",
    field: "Write a comment",
    send: "Send comment",
    more: "Show more comments",
    delete: (name: string) => `Remove the comment by ${name}`,
  },

  composer: {
    title: "New post",
    editTitle: "Edit post",
    text: "Say something",
    placeholder: "What's happening?",
    camera: "Camera",
    library: "Photos",
    post: "Post",
    posting: "Preparing",
    remove: (i: number) => `Remove photo ${i}`,
    tooMany: "Up to 10 photos in one post.",
    tooLong: (over: number) => many(over, { one: "# character too long", other: "# characters too long" }),
    unreadable: "This picture could not be read on this phone. It will be sent as it is.",
    moderated: "A host looks at posts before everyone sees them.",
    who: "Everyone in this event will see it.",
    empty: "Add a photo or some words.",
    photo: (i: number) => `Photo ${i}`,
  },

  sending: {
    label: "Sending",
    progress: (done: number, all: number, percent: number) =>
      all === 1 ? `Sending photo, ${percent} %` : `Sending ${Math.min(done + 1, all)} of ${all}, ${percent} %`,
    waiting: "Kept on this phone. Will send when the connection is better.",
    failed: (why: string) => `A photo was not sent. ${why}`,
    shared: "You have shared this photo before.",
  },

  reactions: {
    bar: "Send a reaction",
    // Names for the kinds a server may offer; others are shown by their own name.
    names: {
      heart: "Heart",
      joy: "Laughing",
      wow: "Wow",
      clap: "Applause",
      fire: "Fire",
      tear: "Touched",
      party: "Party",
      mind: "Mind blown",
    } as Record<string, string>,
    button: (name: string, n: number): string => `${name}, ${t.short(n)}`,
    sent: (name: string) => `You sent: ${name}`,
    off: "Reactions are resting.",
  },

  people: {
    title: "People",
    count: (n: number) => many(n, { one: "# person", other: "# people" }),
    online: (n: number) => many(n, { one: "# here now", other: "# here now" }),
    search: "Find a name",
    you: "you",
    nobody: "Nobody by that name.",
    more: "Show more",
    state: { online: "Here now", idle: "Idle", offline: "Away" },
    about: (name: string) => `About ${name}`,
    roles: {
      owner: "Host",
      cohost: "Co-host",
      moderator: "Moderator",
      guest: "Guest",
      spectator: "Spectator",
      display: "Screen",
      service: "Service",
    } as Record<string, string>,
    roleAbout: {
      cohost: "Can do everything you can",
      moderator: "Hides posts, mutes and bans",
      guest: "Posts, comments, reacts",
      spectator: "Only looks",
    } as Record<string, string>,
    role: "Role",
    mutedUntil: (at: string) => `Muted until ${at}`,
    mute10: "Mute for 10 minutes",
    mute60: "Mute for an hour",
    unmute: "Let them post again",
    ban: "Ban from the event",
    banTitle: (name: string) => `Ban ${name}?`,
    banText: "They are out at once and cannot come back with this phone.",
    banContent: "Also remove everything they posted",
    banDo: (name: string) => `Ban ${name}`,
    banned: (name: string) => `${name} is out.`,
    muted: (name: string) => `${name} is muted.`,
    joined: (n: number) => many(n, { one: "# person joined", other: "# people joined" }),
    invite: "Invite others",
    inviteText: "Scan it with another phone, or send the link.",
    qr: "QR code of the event's link",
  },

  me: {
    title: "You",
    name: "Your name",
    hide: "Hide me",
    hideText: "Others see you as away.",
    theme: "Appearance",
    themes: { "": "System", light: "Light", dark: "Dark" } as Record<string, string>,
    leave: "Leave the event",
    leaveText: "Your posts stay, and so does your place.",
    left: "You left",
    leftText: "Your place is kept on this phone. Come back whenever you like.",
    comeBack: "Come back",
  },

  host: {
    title: "Host settings",
    invite: "Bring people in",
    name: "Name of the event",
    features: "What is on",
    feature: { feed: "Feed", reactions: "Reactions", people: "People list" },
    featureText: {
      feed: "Photos, words and comments",
      reactions: "Hearts and applause for the whole room",
      people: "Who is here",
    },
    moderation: "New posts",
    moderations: { post: "Show at once", pre: "Wait for a host" },
    lock: "Lock the room",
    lockText: "Nobody but hosts can post or react until you open it again.",
    close: "Close the event",
    closeText: "For good. Everything stays readable, nothing new can be added.",
    closeSure: "Close it for good?",
    closeDo: "Yes, close the event",
    review: "Waiting and hidden",
    reviewEmpty: "Nothing is waiting for you.",
    printable: "Open the page with link and code",
  },

  notices: {
    locked: "The hosts have locked the room for a moment.",
    lockedHost: "The room is locked. Only hosts can act.",
    unlock: "Open it again",
    closed: "This event is over. Everything stays to look at.",
    muted: (at: string) => `A host has muted you until ${at}.`,
    nothingOn: "The hosts have switched everything off for now.",
  },

  out: {
    banned: "You were removed from this event",
    bannedText: "A host decided this. You can no longer see or post anything here.",
    gone: "This event is over",
    not_found: "This event is no longer here",
    needs_auth: "This phone has lost its place",
    needs_authText: "Join again to go on.",
    rejoin: "Join again",
    forbidden: "You can't open this room",
    invalid: "You can't open this room",
    retry: "Try again",
  },

  viewer: { title: "Photo", next: "Next photo", previous: "Previous photo" },

  join: {
    adjectives: "Amber,Brave,Calm,Cosy,Dancing,Early,Gentle,Golden,Happy,Humming,Jolly,Late,Lucky,Mellow,Merry,Midnight,Moonlit,Quiet,Rosy,Shiny,Sleepy,Starry,Sunny,Velvet,Warm,Wild".split(","),
    animals: "Badger,Bear,Crane,Dolphin,Finch,Fox,Gecko,Hare,Heron,Lark,Lynx,Magpie,Marten,Moth,Newt,Otter,Owl,Panda,Robin,Seal,Sparrow,Stoat,Swan,Tiger,Toad,Wolf".split(","),
    joining: "Opening the door",
  },
  claim: {
    opening: "Making this device a host",
    failed: "This private link did not work. Ask for a new one.",
    offline: "No connection. Check it and load the page again.",
  },
  talk: { noLink: "No connection. Taps are kept and sent later." },
};

export type Messages = typeof t;
