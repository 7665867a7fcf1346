import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { chatQuery } from "@/shared/api/chats";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { ListIcon, PlusIcon } from "@/shared/ui/icons";
import { usePageTitle } from "./use-page-title";

interface Props {
  openId: string | undefined;
  onOpenList: () => void;
}

/** On a phone: the way to the list, the chat's title, the way to a new chat. Elsewhere only a heading to be heard. */
export function TopBar({ openId, onOpenList }: Props) {
  const chat = useQuery({ ...chatQuery(openId ?? ""), enabled: openId !== undefined });
  const title = openId && (chat.data?.title || strings.sidebar.untitled);
  usePageTitle(title);
  return (
    <header className="flex items-center gap-2 border-b border-line px-2 py-1 wide:sr-only">
      <IconButton
        label={strings.sidebar.open}
        icon={<ListIcon />}
        onClick={onOpenList}
        className="wide:hidden"
      />
      <div className="min-w-0 flex-1">
        {title && (
          <h1 className="truncate text-center font-medium" dir="auto">
            {title}
          </h1>
        )}
      </div>
      <Link
        to="/"
        aria-label={strings.sidebar.newChat}
        className="inline-flex size-8 items-center justify-center rounded-control text-soft wide:hidden pointer-coarse:size-11"
      >
        <PlusIcon />
      </Link>
    </header>
  );
}
