import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";

/** The list of chats as a sheet; whether it is open stands in the address, so that "back" closes it. */
export function useSheet() {
  const router = useRouter();
  const navigate = useNavigate();
  const open = useSearch({ strict: false, select: ({ list }) => list === true });
  return {
    open,
    show: () => void navigate({ to: ".", search: { list: true } }),
    close: () => {
      if (!open) return;
      if (router.history.canGoBack()) router.history.back();
      else void navigate({ to: ".", search: {}, replace: true });
    },
  };
}
