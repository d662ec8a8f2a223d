const ONE = String.raw`(?:\p{Regional_Indicator}{2}|\p{Emoji_Presentation}\p{Emoji_Modifier}?|\p{Emoji}️\p{Emoji_Modifier}?|\p{Emoji_Modifier_Base}\p{Emoji_Modifier})(?:‍(?:\p{Emoji})️?\p{Emoji_Modifier}?)*`;
const FEW = new RegExp(`^(?:${ONE}\\s?){1,3}$`, 'u');

/** Whether a text is one to three emoji and nothing else: shown large. */
export const isFewEmoji = (text: string): boolean => FEW.test(text);
