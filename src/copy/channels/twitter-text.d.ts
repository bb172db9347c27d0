/** The part of twitter-text (X's own counting rules) that we call; the package brings no types. */
declare module 'twitter-text' {
  export interface ParsedTweet {
    weightedLength: number;
    valid: boolean;
    permillage: number;
  }
  const twitterText: {
    parseTweet(text: string): ParsedTweet;
    isValidHashtag(hashtag: string): boolean;
  };
  export default twitterText;
}
